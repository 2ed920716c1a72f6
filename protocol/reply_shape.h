// What an upstream may answer to a command: types of the reply in both protocol
// versions and, where the arguments settle it, its length.  A lane whose server
// answers otherwise is out of step: the next reply may be another client's.
//
// Source: the reply schemas of the servers, checked against a live one by tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/resp.h"

namespace respgate::protocol {

struct CommandSpec;

// A set of reply types.  A null is a type of its own in RESP2 too (`$-1`; and `*-1`,
// kNullArrayBit).  Errors are always possible and need no bit.
using ReplyTypes = std::uint32_t;
constexpr ReplyTypes reply_bit(RespType type) {
  switch (type) {
    case RespType::kSimple: return 1u << 0;
    case RespType::kError: return 1u << 1;
    case RespType::kInteger: return 1u << 2;
    case RespType::kBulk: return 1u << 3;
    case RespType::kArray: return 1u << 4;
    case RespType::kNull: return 1u << 5;
    case RespType::kDouble: return 1u << 6;
    case RespType::kBoolean: return 1u << 7;
    case RespType::kBigNumber: return 1u << 8;
    case RespType::kVerbatim: return 1u << 9;
    case RespType::kBlobError: return 1u << 10;
    case RespType::kMap: return 1u << 11;
    case RespType::kSet: return 1u << 12;
    case RespType::kAttribute: return 1u << 13;
    case RespType::kPush: return 1u << 14;
  }
  return 0;  // no type of ours: admitted nowhere
}
inline constexpr ReplyTypes kNullArrayBit = ReplyTypes{1} << 15;  // RESP2 `*-1`
inline constexpr ReplyTypes kAnyReply = 0xffffffff;

// One alternative of a command's answers.
struct ReplyForm {
  enum class Length : std::uint8_t { kAny, kArgsMinus, kFixed };  // of a top-level array that is not null
  ReplyTypes resp2 = kAnyReply;
  ReplyTypes resp3 = kAnyReply;
  Length length = Length::kAny;
  std::uint8_t n = 0;  // kArgsMinus: argc - n (MGET 1, HMGET 2); kFixed: exactly n
};

// Most commands have one form.  Some have a second, which an option word or further
// arguments ask for: `ZADD … INCR`, `SPOP key count`.
struct ReplyShape {
  ReplyForm usual;
  ReplyForm other;
  // When is the other form possible?  Both empty: never.
  std::string_view option_words;  // "STORE STOREDIST": one of them is somewhere from option_from on
  std::uint8_t option_from = 0;
  std::uint8_t other_beyond = 0;  // argc is greater than this; then the usual form is not possible
};

// What a particular request may be answered with: worked out when it is sent,
// compared when its reply comes.
struct ReplyExpectation {
  static constexpr std::uint32_t kAnyLength = 0xffffffff;
  ReplyTypes types = kAnyReply;
  std::uint32_t length = kAnyLength;
  // `frame_length` as in ReplyFrame: elements of an aggregate, -1 for a RESP2 null.
  bool admits(RespType type, std::int64_t frame_length) const;
};
ReplyExpectation expected_reply(const CommandSpec& spec, Args args, RespVersion version);

}  // namespace respgate::protocol
