// Finds where one RESP2 or RESP3 reply ends, by counting: no tree, no recursion,
// no copy.  Strict where a lenient reader would let two parsers disagree.
//
//   reply     := [attribute] ( line | bulk | aggregate )
//   aggregate := ("*" | "~" | ">") n CRLF reply{n}  |  ("%" | "|") n CRLF reply{2n}
//
// Streamed types (`$?`, `*?`, …) are refused: no server we speak to sends them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/resp.h"

namespace respgate::protocol {

// One whole reply.  `wire` dies when the buffer given to scan() changes.
struct ReplyFrame {
  static constexpr std::int64_t kNullLength = -1;

  RespType type = RespType::kNull;  // of the reply itself, after any attribute
  std::int64_t length = 0;          // elements of an aggregate (pairs of a map), bytes of a bulk; -1: RESP2 null
  std::string_view wire;            // attribute included
  std::size_t payload = 0;          // offset in wire of the reply's own first byte (behind the attribute)

  bool is_push() const { return type == RespType::kPush; }
  bool is_error() const { return type == RespType::kError || type == RespType::kBlobError; }
};

// The text of a one-line reply (`+`, `-`, `:`…) without type byte and CRLF; empty for others.
std::string_view line_of(const ReplyFrame& frame);
// First word of an error ("MOVED", "READONLY", "WRONGPASS"); empty when not an error.
std::string_view error_code(const ReplyFrame& frame);

struct ReplyLimits {
  std::size_t depth = 32;             // nested aggregates
  std::size_t elements = 64u << 20;   // of one reply in all
  std::size_t bulk_bytes = 1u << 30;
  std::size_t line_bytes = 64 * 1024; // `+`, `-`, `:` … lines
  std::size_t reply_bytes = 4ull << 30;
};

class ReplyScanner {
 public:
  enum class Status : std::uint8_t { kNeedMore, kComplete, kError };

  explicit ReplyScanner(RespVersion version, const ReplyLimits& limits = {});

  // A HELLO changed the protocol: RESP3 types are refused in RESP2.
  void set_version(RespVersion version);

  // Looks again at `input`, which starts at the current reply.  Resumes where it
  // stopped; the buffer may have moved.  After kComplete, the same until restart().
  [[nodiscard]] Status scan(std::string_view input);

  // REQUIRES: kComplete.
  const ReplyFrame& frame() const { return frame_; }

  // How much of `input` is known to belong to the current, unfinished reply
  // without being its end: what may be passed on early when replies are large.
  std::size_t scanned() const;
  // Bytes still missing of the bulk in progress: a hint for the next read.
  std::size_t missing() const;

  void restart();

  // REQUIRES: kError.  What was wrong, in words for a log; holds no byte of the peer.
  std::string_view error() const { return error_; }

 private:
  ReplyFrame frame_;
  std::string_view error_;
};

}  // namespace respgate::protocol
