#include "proxy/admin/request.h"

#include <charconv>
#include <utility>

namespace respgate::proxy {
namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t used = 1;
    char c = text.front();
    if (c == '%') {
      unsigned byte = 0;
      if (text.size() < 3) return std::nullopt;
      const char* const end = text.data() + 3;
      if (std::from_chars(text.data() + 1, end, byte, 16).ptr != end) return std::nullopt;
      c = static_cast<char>(byte);
      used = 3;
    }
    out += c;
    text.remove_prefix(used);
  }
  return out;
}

bool read_parameter(std::string_view text, std::map<std::string, std::string>& parameters) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  std::optional<std::string> name = decode(text.substr(0, equals));
  std::optional<std::string> value = decode(text.substr(equals + 1));
  return name && value && parameters.emplace(std::move(*name), std::move(*value)).second;
}

}  // namespace

bool read_target(AdminRequest& request) {
  const std::string_view target = request.target;
  if (!target.starts_with('/')) return false;
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question == std::string_view::npos) return true;
  std::string_view query = target.substr(question + 1);
  while (true) {
    const std::size_t ampersand = query.find('&');
    if (!read_parameter(query.substr(0, ampersand), request.parameters)) return false;
    if (ampersand == std::string_view::npos) return true;
    query.remove_prefix(ampersand + 1);
  }
}

}  // namespace respgate::proxy
