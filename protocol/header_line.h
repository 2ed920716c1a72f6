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
  constexpr std::size_t kLeast = 5, kMost = 7;  // a whole bulk or command is no shorter than the first
  if (input.size() < kLeast || input.size() - kLeast < at) return {};
  const char* const line = input.data() + at;
  const auto digit = [line](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(line[i] - '0')); };
  const auto ends = [line](std::size_t i) { return line[i] == '\r' && line[i + 1] == '\n'; };
  // Written out by the number of digits: nothing is read before it is known to be there.
  const std::size_t first = digit(1), second = digit(2), third = digit(3);
  if (line[0] != type || first > 9) return {};
  if (ends(2)) return {first, 4};
  if (first == 0 || second > 9) return {};
  if (ends(3)) return {first * 10 + second, 5};
  if (third > 9 || input.size() - at < kMost) return {};
  const std::size_t fourth = digit(4);
  if (ends(4)) return {(first * 10 + second) * 10 + third, 6};
  if (fourth > 9 || !ends(5)) return {};
  return {((first * 10 + second) * 10 + third) * 10 + fourth, 7};
}

}  // namespace respgate::protocol
