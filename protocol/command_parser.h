// Finds the next command in the bytes a client sent.  Performs no I/O, keeps no
// pointer into the caller's buffer, and allocates nothing on a client's promise.
//
//   command := "*" count CRLF bulk{count}  |  inline-words LF
//   bulk    := "$" size CRLF byte{size} CRLF
//
// Exactly one spelling of each request is accepted (no sign, no leading zero, no
// blank, no bare LF, CRLF checked after every bulk), so that no other parser can
// see a different command in the same bytes.  `*0`, `*-1` and empty lines are
// skipped, as Redis does.  A first word `POST` or `Host:` is an HTTP request sent
// across protocols (kHttp: close without a reply).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/resp.h"

namespace respgate::protocol {

// Views die when the buffer given to parse() changes, or at restart().
struct Command {
  Args args;                      // drained commands: at most the first kPreviewArgs, each cut
  std::size_t argument_count = 0; // as announced; equals args.size() unless drained
  std::string_view wire;          // canonical RESP of the whole command; empty when it must be re-encoded
                                  // from args (inline), or when drained
  bool drained = false;
};

enum class ParseError : std::uint8_t {
  kNone,
  kInvalidMultibulkLength,
  kUnauthenticatedMultibulkLength,
  kInvalidBulkLength,
  kUnauthenticatedBulkLength,
  kExpectedBulk,      // `$` expected; the byte seen is in the text
  kTooBigCount,       // too big mbulk count string
  kTooBigBulkCount,   // too big bulk count string
  kTooBigInline,
  kUnbalancedQuotes,
  kMissingCrlf,       // after a bulk or a header
  kRequestTooBig,     // request_bytes exceeded
  kNulByte,           // NUL in a header or an inline line
  kHttp,              // close, say nothing
};

class CommandParser {
 public:
  enum class Status : std::uint8_t {
    kNeedMore,
    kName,      // argv[0], and argv[1] where there is one of at most kMaxHeadBytes, are known and more
                // is missing: given once per command, so that a refusal can come before the arguments
    kComplete,
    kError,
  };

  static constexpr std::size_t kMaxHeadBytes = 1024;
  static constexpr std::size_t kPreviewBytes = 128;
  static constexpr std::size_t kPreviewArgs = 32;

  // `before_auth` only chooses the words of the error texts, as Redis does.
  explicit CommandParser(const Limits& limits, bool before_auth = false);

  // From the next command on (called after login and after RESET).
  void set_limits(const Limits& limits, bool before_auth);

  // Looks again at `input`: every byte since consume() was last obeyed.  Bytes
  // already understood are not examined twice, and the buffer may have moved.
  // After kComplete, gives the same command again until restart().
  [[nodiscard]] Status parse(std::string_view input);

  // REQUIRES: parse() returned kComplete (everything) or kName (args is the head only).
  const Command& command() const { return command_; }

  // After kName: forget the arguments of this command as they arrive.  From now
  // on consumable() may grow while parse() says kNeedMore.
  void drain();

  // How many bytes at the front of `input` parse() will never look at again: the
  // caller may drop them and must then call consumed(n).  0 within a command that
  // is not drained; the whole command after kComplete.
  std::size_t consumable() const;
  void consumed(std::size_t bytes);

  // Bytes still missing of the bulk in progress, a hint for the size of the next read.
  std::size_t missing() const;

  // True between commands: nothing of a next one has been seen.
  bool idle() const;

  // REQUIRES: kComplete and consumed().  Ready for the next command.
  void restart();

  // REQUIRES: parse() returned kError.  The stream cannot be resynchronised.
  ParseError error() const { return error_; }
  // "Protocol error: invalid bulk length": Redis 7.0's own words, without "ERR ".
  // Empty for kHttp.  Never holds a control byte.
  std::string error_text() const;

 private:
  Command command_;
  ParseError error_ = ParseError::kNone;
};

// Canonical RESP of `args`, appended to `out`.
void append_command(std::string& out, Args args);

}  // namespace respgate::protocol
