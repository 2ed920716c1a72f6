// Reads the number of a header line ("*3", "$-1"), the same way in both directions
// of the wire.  A number has one spelling: no plus sign, no leading zero, no blank,
// no minus zero, and CRLF behind it.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "protocol/resp.h"

namespace respgate::protocol {

// A header line may not be longer than this: past the longest number there is, so
// that numbers somewhat too large are still called numbers.
inline constexpr std::size_t kMaxHeaderBytes = 32;

struct HeaderNumber {
  enum class Status : std::uint8_t {
    kRead,
    kNeedMore,
    kNotANumber,   // or none that fits 64 bits
    kTooLong,      // kMaxHeaderBytes of digits, and no end of them
    kNul,          // a NUL where a digit or the end should be
    kMissingCrlf,  // CR, then something else than LF
  };
  Status status = Status::kNeedMore;
  std::int64_t value = 0;
  std::size_t size = 0;  // of the number with its CRLF
};

// `bytes` starts behind the type byte.  What has been seen decides as soon as it
// can, and more bytes never change a verdict other than kNeedMore.
inline HeaderNumber read_header_number(std::string_view bytes) {
  using enum HeaderNumber::Status;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (bytes.size() >= 3 && digit(bytes[0]) && bytes[1] == '\r' && bytes[2] == '\n') return {kRead, bytes[0] - '0', 3};  // most of them

  const std::string_view line = bytes.substr(0, kMaxHeaderBytes + 1);
  const std::size_t sign = line.starts_with('-') ? 1 : 0;
  if (line.size() == sign) return {kNeedMore};
  if (!digit(line[sign])) return {line[sign] == '\0' ? kNul : kNotANumber};

  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  const auto end = static_cast<std::size_t>(stop - line.data());
  if (line[sign] == '0' && end + sign > 1) return {kNotANumber};  // 01, -0
  if (end == line.size()) return {end > kMaxHeaderBytes ? kTooLong : kNeedMore};
  if (line[end] != '\r') return {line[end] == '\0' ? kNul : kNotANumber};
  if (end + 1 == bytes.size()) return {kNeedMore};
  if (bytes[end + 1] != '\n') return {kMissingCrlf};
  if (error != std::errc{}) return {kNotANumber};
  return {kRead, value, end + kCrlf.size()};
}

// The header lines that nearly all are: the type byte, up to four digits, CRLF.  Anything else has the size 0, and
// read_header_number() says what it is.
struct ShortNumber {
  std::size_t value = 0;
  std::size_t size = 0;  // of the line, type byte and CRLF included
};

inline ShortNumber read_short_number(std::string_view input, std::size_t at, char type) {
  constexpr std::size_t kMostDigits = 4;
  if (input.size() < at + 1 + kMostDigits || input[at] != type) return {};  // a whole bulk or command is no shorter
  std::size_t value = 0, digits = 0;
  for (; digits < kMostDigits; ++digits) {
    const auto digit = static_cast<unsigned char>(input[at + 1 + digits] - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  const std::size_t end = at + 1 + digits;
  const bool is_one_spelling = digits == 1 || (digits > 1 && input[at + 1] != '0');
  if (!is_one_spelling || input.size() < end + kCrlf.size() || input[end] != '\r' || input[end + 1] != '\n') return {};
  return {value, end - at + kCrlf.size()};
}

}  // namespace respgate::protocol
