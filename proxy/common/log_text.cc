#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

bool is_printable(char c) { return c >= ' ' && c <= '~'; }
bool is_shown_as_itself(char c) { return is_printable(c) && c != '"' && c != '\\'; }

void append_hex(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 0xf];
}

int value_of_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

// Of `\xHH`; nothing when it is not spelled so, or need not have been.
std::optional<char> read_hex(std::string_view escape) {
  if (escape.size() < 4 || escape[1] != 'x') return std::nullopt;
  const int high = value_of_digit(escape[2]);
  const int low = value_of_digit(escape[3]);
  if (high < 0 || low < 0) return std::nullopt;
  const char byte = static_cast<char>(16 * high + low);
  if (is_shown_as_itself(byte)) return std::nullopt;
  return byte;
}

// Is this `\...N more bytes`?
bool tells_of_more(std::string_view text) {
  constexpr std::string_view kBegin = "\\...", kEnd = " more bytes";
  if (text.size() <= kBegin.size() + kEnd.size() || !text.starts_with(kBegin) || !text.ends_with(kEnd)) return false;
  const std::string_view number = text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
  return number.front() != '0' && number.find_first_not_of("0123456789") == std::string_view::npos;
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

std::string one_line(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (const char c : message) {
    if (is_printable(c)) {
      out += c;
    } else {
      append_hex(out, c);
    }
  }
  return out;
}

std::optional<LoggedBytes> read_log_text(std::string_view text) {
  LoggedBytes out;
  while (!text.empty()) {
    if (tells_of_more(text)) {
      out.is_cut = true;
      return out;
    }
    const bool is_escaped = text.front() == '\\';
    const std::optional<char> byte = is_escaped                         ? read_hex(text)
                                     : is_shown_as_itself(text.front()) ? std::optional(text.front())
                                                                        : std::nullopt;
    if (!byte) return std::nullopt;
    out.bytes += *byte;
    text.remove_prefix(is_escaped ? 4 : 1);
  }
  return out;
}

}  // namespace respgate::proxy
