// Finds where one RESP2 or RESP3 reply ends, by counting: no tree, no recursion,
// no copy.  Strict where a lenient reader would let two parsers disagree.
//
//   reply     := [attribute] ( line | bulk | aggregate )
//   line      := ("+" | "-" | ":" | "_" | "," | "#" | "(") text CRLF
//   bulk      := ("$" | "=" | "!") n CRLF byte{n} CRLF
//   aggregate := ("*" | "~" | ">") n CRLF reply{n}  |  "%" n CRLF reply{2n}
//   attribute := "|" n CRLF reply{2n}
//
// Also `$-1` and `*-1`.  In RESP2 only `+ - : $ *`.  Numbers have one spelling, a
// text holds neither CR nor LF, every CRLF is checked.  Streamed types (`$?`, `*?`,
// …) are refused: no server we speak to sends them; so is a push within a reply,
// which some clients count as an element of it and some do not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/resp.h"

namespace respgate::protocol {

// One whole reply.  `wire` dies when the buffer given to scan() changes.
struct ReplyFrame {
  static constexpr std::int64_t kNullLength = -1;

  RespType type = RespType::kNull;  // of the reply itself, after any attribute
  std::int64_t length = 0;          // elements of an aggregate (pairs of a map), bytes of a bulk; -1: RESP2 null; lines: 0
  std::string_view wire;            // attribute included
  std::size_t payload = 0;          // offset in wire of the reply's own first byte (behind the attribute)

  bool is_push() const { return type == RespType::kPush; }
  bool is_error() const { return type == RespType::kError || type == RespType::kBlobError; }
};

// Both REQUIRE a frame of which nothing was consumed() early.
//
// The text of a one-line reply (`+`, `-`, `:`…) without type byte and CRLF; empty for others.
std::string_view line_of(const ReplyFrame& frame);
// First word of an error ("MOVED", "READONLY", "WRONGPASS"); empty when not an error.
std::string_view error_code(const ReplyFrame& frame);

struct ReplyLimits {
  std::size_t depth = 32;            // aggregates within each other, at most kMaxDepth
  std::size_t elements = 64u << 20;  // announced by one reply in all
  std::size_t bulk_bytes = 1u << 30;
  std::size_t line_bytes = 64 * 1024;  // `+`, `-`, `:` … lines
  std::size_t reply_bytes = 4ull << 30;
};

class ReplyScanner {
 public:
  enum class Status : std::uint8_t { kNeedMore, kComplete, kError };

  static constexpr std::size_t kMaxDepth = 32;

  explicit ReplyScanner(RespVersion version, const ReplyLimits& limits = {});

  // A HELLO changed the protocol.  REQUIRES: between replies.
  void set_version(RespVersion version) { version_ = version; }

  // Looks again at `input`, which starts at the current reply.  Resumes where it
  // stopped; the buffer may have moved.  After kComplete, the same until restart().
  [[nodiscard]] Status scan(std::string_view input);

  // REQUIRES: kComplete; of type and length only head_known().
  const ReplyFrame& frame() const { return frame_; }
  // What kind of reply this will be has been read: it can be judged before it is whole.
  bool head_known() const { return head_known_; }

  // How much of `input` is known to belong to the current, unfinished reply
  // without being its end: what may be passed on early when replies are large.
  std::size_t scanned() const { return offset_; }
  // The caller dropped the first `bytes` of its input, at most scanned(): the frame
  // will only hold the rest.
  void consumed(std::size_t bytes);
  // Bytes still missing of the bulk in progress: a hint for the next read.
  std::size_t missing() const { return missing_; }

  // The next scan() starts at a new reply.  An error stays.
  void restart();

  // REQUIRES: kError.  What was wrong, in words for a log; holds no byte of the peer.
  std::string_view error() const { return error_; }

 private:
  // What one step came to: nothing yet (go on), or what scan() is to say.
  using Step = std::optional<Status>;
  // An aggregate that has begun and not ended.
  struct Open {
    std::uint64_t left = 0;  // values
    bool is_attribute = false;
  };

  bool take_whole_bulk(std::string_view input);
  Step read_value(std::string_view input);
  Step read_line(RespType type, std::string_view bytes);
  Step read_bulk_head(RespType type, std::string_view bytes);
  Step read_bulk(std::string_view input);
  Step read_aggregate(RespType type, std::string_view bytes);
  Step read_attribute(std::string_view bytes);
  Step open(std::uint64_t length, std::uint64_t values_each, bool is_attribute);
  void value_began(RespType type, std::int64_t length);
  Step value_ended();
  Status fail(std::string_view error);

  RespVersion version_;
  ReplyLimits limits_;

  std::size_t offset_ = 0;        // of input, understood so far
  std::size_t dropped_ = 0;       // of this reply, before input
  std::size_t line_scanned_ = 0;  // behind the type byte at offset_, no LF in this much
  std::size_t missing_ = 0;
  std::uint64_t elements_ = 0;   // announced so far
  std::uint64_t bulk_left_ = 0;  // of the bulk in progress
  bool bulk_open_ = false;       // between a bulk's header and its end
  bool head_known_ = false;
  bool attributed_ = false;  // an attribute has just ended: its value follows
  bool done_ = false;
  std::size_t depth_ = 0;
  std::array<Open, kMaxDepth> open_;

  ReplyFrame frame_;
  std::string_view error_;
};

}  // namespace respgate::protocol
