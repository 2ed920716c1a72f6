// Why a client's bytes were refused, and in which words it is told so.
#pragma once

#include <cstdint>
#include <string>

namespace respgate::protocol {

enum class ParseError : std::uint8_t {
  kNone,
  kInvalidMultibulkLength,  // also: an inline command of too many words
  kUnauthenticatedMultibulkLength,
  kInvalidBulkLength,  // also: an inline word too long
  kUnauthenticatedBulkLength,
  kExpectedBulk,     // `$` expected; the byte seen is in the text
  kTooBigCount,      // too big mbulk count string
  kTooBigBulkCount,  // too big bulk count string
  kTooBigInline,
  kUnbalancedQuotes,
  kMissingCrlf,    // after a bulk or a header
  kRequestTooBig,  // request_bytes exceeded
  kNulByte,        // NUL in a header or an inline line
  kHttp,           // close, say nothing
};

// "Protocol error: invalid bulk length": Redis 7.0's own words where it has some,
// ours where it accepts or ignores what we refuse; without "ERR ".  Empty for kNone
// and kHttp.  Never holds a control byte: where `unexpected`, the byte seen instead
// of `$`, is one, a space stands for it.
std::string parse_error_text(ParseError error, char unexpected);

}  // namespace respgate::protocol
