#include "proxy/config/config_error.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace respgate::proxy {
namespace {

constexpr std::size_t kMaxQuotedBytes = 80;

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !is_printable(c); }, '?');
  return out;
}

}  // namespace

std::string quote(std::string_view text) {
  const bool cut = text.size() > kMaxQuotedBytes;
  return "'" + printable(text.substr(0, kMaxQuotedBytes)) + (cut ? "…'" : "'");
}

std::string to_string(const ConfigError& error) {
  std::string out = error.file;
  if (error.line != 0) out += ":" + std::to_string(error.line);
  if (error.line != 0 && error.column != 0) out += ":" + std::to_string(error.column);
  out += ": " + error.what;
  // A newline inside a file name or a message would let one error pose as two; an escape could rewrite the terminal.
  std::replace_if(
      out.begin(), out.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return out;
}

std::vector<ConfigError> ErrorLog::take() {
  std::stable_sort(errors_.begin(), errors_.end(),
                   [](const ConfigError& a, const ConfigError& b) { return std::tie(a.line, a.column) < std::tie(b.line, b.column); });
  return std::exchange(errors_, {});
}

}  // namespace respgate::proxy
