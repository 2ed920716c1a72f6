// Finds the next command in the bytes a client sent.  Performs no I/O, keeps no
// pointer into the caller's buffer, and allocates nothing on a client's promise.
//
//   command := "*" count CRLF bulk{count}  |  inline-words LF
//   bulk    := "$" size CRLF byte{size} CRLF
//
// Exactly one spelling of each request is accepted (no sign, no leading zero, no
// blank, no bare LF, CRLF checked after every bulk), so that no other parser can
// see a different command in the same bytes.  `*0`, `*-1` and empty lines are
// skipped, as Redis does.  A first word `POST` or `Host:`, or an inline command
// whose last word is an HTTP version, is an HTTP request sent across protocols
// (kHttp: close without a reply).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/header_line.h"
#include "protocol/inline_words.h"
#include "protocol/parse_error.h"
#include "protocol/resp.h"

namespace respgate::protocol {

// Views die when the buffer given to parse() changes, or at restart().
struct Command {
  Args args;                       // drained commands: at most the first kPreviewArgs, each cut
  std::size_t argument_count = 0;  // as announced; equals args.size() unless drained
  std::string_view wire;           // canonical RESP of the whole command; empty when it must be re-encoded
                                   // from args (inline), or when drained
  bool drained = false;
  std::size_t here = 0;         // kLarge: so many of args have come, the others are empty; otherwise 0
  std::size_t large_bytes = 0;  // kLarge: of the one that is coming; `wire` ends behind its header
};

class CommandParser {
 public:
  enum class Status : std::uint8_t {
    kNeedMore,
    kName,   // argv[0], and argv[1] where there is one of at most kMaxHeadBytes, are known and more
             // is missing: given once per command, so that a refusal can come before the arguments
    kLarge,  // an argument of kLargeBytes or more has begun, and at least two are before it: command() is what is known.
             // Given until stream() or keep() says what is to become of it
    kComplete,
    kError,
  };

  static constexpr std::size_t kMaxHeadBytes = 1024;
  static constexpr std::size_t kPreviewBytes = 128;
  static constexpr std::size_t kPreviewArgs = 32;
  static constexpr std::size_t kLargeBytes = 1u << 20;
  // A command of more arguments, or with more in front of the large one, is never kLarge: what is known of it is copied.
  static constexpr std::size_t kLargeArgs = 32;
  static constexpr std::size_t kLargeHeadBytes = 64 * 1024;

  // `before_auth` only chooses the words of the error texts, as Redis does.
  explicit CommandParser(const Limits& limits, bool before_auth = false);

  // From the next command on (called after login and after RESET): one that has
  // begun keeps the limits it began with.
  void set_limits(const Limits& limits, bool before_auth);

  // Looks again at `input`: every byte since consume() was last obeyed.  Bytes
  // already understood are not examined twice, and the buffer may have moved.
  // After kComplete, gives the same command again until restart().
  [[nodiscard]] Status parse(std::string_view input);

  // REQUIRES: parse() returned kComplete (everything), kLarge or kName (args is the head only;
  // of a name longer than kMaxHeadBytes only its beginning, which no command is called).
  const Command& command() const { return command_; }

  // After kName: forget the arguments of this command as they arrive.  From the
  // next parse() on consumable() may grow while it says kNeedMore.
  void drain();

  // After kLarge: the rest of this command passes through.  Its beginning, as far as command().wire, is consumable()
  // now; from the next parse() on, whatever has been found to belong to it is, until kComplete (whose command() is
  // empty) or kError.
  void stream();
  // After kLarge: the command is kept until it is whole, like any other.
  void keep() { keeps_large_ = true; }
  bool is_streaming() const { return streaming_; }

  // How many bytes at the front of `input` parse() will never look at again: the
  // caller may drop any number of them and must then call consumed(n).  After
  // kComplete the whole command (only restart() may follow consumed() then); within
  // one that is not drained only what was skipped in front of it.
  std::size_t consumable() const;
  void consumed(std::size_t bytes);

  // Bytes still missing of the bulk in progress, a hint for the size of the next read.
  std::size_t missing() const { return missing_; }

  // True between commands: nothing of a next one has been seen.
  bool idle() const { return state_ == State::kBetween; }

  // REQUIRES: kComplete.  Ready for the next command; what was not consumed() is
  // skipped.  Wipes what it kept of an inline or drained command: it may be a password.
  void restart();

  // REQUIRES: parse() returned kError.  The stream cannot be resynchronised.
  ParseError error() const { return error_; }
  // "Protocol error: invalid bulk length", without "ERR ".  Empty for kHttp.
  std::string error_text() const { return parse_error_text(error_, unexpected_); }

 private:
  enum class State : std::uint8_t { kBetween, kCount, kInline, kArguments, kComplete, kFailed };
  // What one step came to: nothing yet (go on), or what parse() is to say.
  using Step = std::optional<Status>;

  bool take_whole(std::string_view input);
  Step begin(std::string_view input);
  Step read_count(std::string_view input);
  Step read_inline(std::string_view input);
  Step read_words(std::string_view line, std::string_view input);
  Step read_arguments(std::string_view input);
  Step open_bulk(std::string_view input);
  Step take_bulk(std::string_view input);
  Step drain_bulk(std::string_view input);
  Step skip();

  Status need_more(std::string_view input);
  bool head_known(std::string_view input) const;
  Status give_head(std::string_view input);
  bool is_large() const;
  Status give_large(std::string_view input);
  Status complete(std::string_view input);
  Status give_command(std::string_view input);
  void make_command(std::string_view input, std::size_t at_most);
  void start_draining(std::string_view input);
  void preview(std::string_view bytes);
  Status fail(ParseError error);
  Step fail_header(HeaderNumber::Status problem, ParseError not_a_number, ParseError too_long);

  Limits limits_;
  Limits next_limits_;
  bool before_auth_;
  bool next_before_auth_;

  State state_ = State::kBetween;
  ParseError error_ = ParseError::kNone;
  char unexpected_ = 0;  // instead of `$`

  // Offsets into the input: what lies before understood_ has been parsed, what lies
  // before start_ is not needed any more.
  std::size_t start_ = 0;
  std::size_t understood_ = 0;
  std::size_t line_scanned_ = 0;  // from start_ on, an inline line has neither LF nor NUL in this much
  std::size_t missing_ = 0;

  // The command in progress.
  std::size_t count_ = 0;      // arguments announced
  std::size_t read_ = 0;       // arguments read
  std::size_t bytes_ = 0;      // of all bulks announced so far
  std::size_t bulk_left_ = 0;  // of the bulk in progress
  bool bulk_open_ = false;     // between a bulk's header and its end
  bool head_given_ = false;
  bool drain_requested_ = false;
  bool draining_ = false;
  bool keeps_large_ = false;
  bool streaming_ = false;  // draining_, and nothing of it is kept

  std::vector<Extent> extents_;          // the arguments: from start_ on, or in kept_
  std::vector<std::string_view> views_;  // the same, for command_
  std::string kept_;                     // unquoted words; the beginnings of drained arguments
  bool in_kept_ = false;
  Command command_;
};

// Canonical RESP of `args`, appended to `out`.
void append_command(std::string& out, Args args);

}  // namespace respgate::protocol
