#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

bool is_shown_as_itself(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

void append_hex(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 0xf];
}

}  // namespace

std::string log_text(std::string_view bytes, std::size_t max_bytes) {
  const std::string_view shown = bytes.substr(0, max_bytes);
  std::string out;
  out.reserve(shown.size());
  for (const char c : shown) {
    if (is_shown_as_itself(c)) {
      out += c;
    } else {
      append_hex(out, c);
    }
  }
  if (shown.size() < bytes.size()) out += "\\..." + std::to_string(bytes.size() - shown.size()) + " more bytes";
  return out;
}

}  // namespace respgate::proxy
