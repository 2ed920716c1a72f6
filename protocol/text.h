// Comparing words the way the server does: ASCII letters in any case, whatever the
// locale, and option words only up to their first NUL.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace respgate::protocol {

constexpr char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Equal but for the case of ASCII letters?  A NUL is a byte like any other.
constexpr bool equals_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const char* other = b.data();
  for (const char c : a) {
    if (fold(c) != fold(*other++)) return false;
  }
  return true;
}

// Option words are C strings to the server: `GET\0x` is GET.
constexpr bool is_option(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  if (text.size() > word.size() && text[word.size()] != '\0') return false;
  return equals_any_case(text.substr(0, word.size()), word);
}

// A signed 64-bit decimal in its one accepted spelling: no plus, no leading zero, no blank, nothing behind it.
inline std::optional<std::int64_t> parse_strict_integer(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.front() == '0' && text.size() != 1)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace respgate::protocol
