// The vocabulary both directions of the wire share: types, versions, limits.
//
// Source: the RESP2 and RESP3 specifications (redis.io/docs/reference/protocol-spec).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace respgate::protocol {

// The arguments of one command, its name first.  Views into bytes somebody else owns.
using Args = std::span<const std::string_view>;

enum class RespVersion : std::uint8_t { kResp2 = 2, kResp3 = 3 };

// The first byte of a reply.  RESP2 knows the first five.
enum class RespType : char {
  kSimple = '+',
  kError = '-',
  kInteger = ':',
  kBulk = '$',
  kArray = '*',
  kNull = '_',
  kDouble = ',',
  kBoolean = '#',
  kBigNumber = '(',
  kVerbatim = '=',
  kBlobError = '!',
  kMap = '%',
  kSet = '~',
  kAttribute = '|',
  kPush = '>',
};

inline constexpr std::string_view kCrlf = "\r\n";

// What a client may send.  Everything a peer announces is compared with these
// before anything is reserved for it.
struct Limits {
  std::size_t arguments;      // of one command, its name included
  std::size_t bulk_bytes;     // one argument
  std::size_t inline_bytes;   // one inline line, without its newline
  std::size_t request_bytes;  // all arguments of one command together
};

// Redis 7.0 gives a client that has not logged in ten arguments of 16 KiB; the
// bound on the whole request is ours.
inline constexpr Limits kLimitsBeforeAuth{10, 16 * 1024, 16 * 1024, 64 * 1024};
inline constexpr Limits kLimitsAfterAuth{1024 * 1024, 512u << 20, 64 * 1024, 1u << 30};

// No header line (`*123`, `$456`) needs more digits than this.
inline constexpr std::size_t kMaxHeaderDigits = 20;

}  // namespace respgate::protocol
