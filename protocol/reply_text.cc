#include "protocol/reply_text.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace respgate::protocol {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Each takes what it is named after off the front of `text`, if it is there.
bool take(std::string_view& text, std::string_view wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(wanted.size());
  return true;
}

bool take_sign(std::string_view& text) { return take(text, "-") || take(text, "+"); }

bool take_digits(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  text.remove_prefix(digits);
  return digits > 0;
}

bool is_whole_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  take_sign(text);
  if (text.starts_with('0')) return text.size() == 1 && !is_negative;
  return take_digits(text) && text.empty();
}

bool fits_64_bits(std::string_view text) {
  take(text, "+");
  std::int64_t value = 0;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

bool is_double(std::string_view text) {
  take_sign(text);
  if (text == "inf" || text == "nan") return true;
  if (!take_digits(text)) return false;
  if (take(text, ".") && !take_digits(text)) return false;
  if (take(text, "e") || take(text, "E")) {
    take_sign(text);
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

}  // namespace

bool is_line_text(RespType type, std::string_view text) {
  switch (type) {
    case RespType::kSimple:
    case RespType::kError: return true;
    case RespType::kInteger: return is_whole_number(text) && fits_64_bits(text);
    case RespType::kBigNumber: return is_whole_number(text);
    case RespType::kDouble: return is_double(text);
    case RespType::kBoolean: return text == "t" || text == "f";
    case RespType::kNull: return text.empty();
    default: return false;
  }
}

}  // namespace respgate::protocol
