#include "protocol/parse_error.h"

#include <string_view>

namespace respgate::protocol {
namespace {

std::string_view cause_of(ParseError error) {
  switch (error) {
    case ParseError::kInvalidMultibulkLength: return "invalid multibulk length";
    case ParseError::kUnauthenticatedMultibulkLength: return "unauthenticated multibulk length";
    case ParseError::kInvalidBulkLength: return "invalid bulk length";
    case ParseError::kUnauthenticatedBulkLength: return "unauthenticated bulk length";
    case ParseError::kExpectedBulk: return "expected '$', got ";
    case ParseError::kTooBigCount: return "too big mbulk count string";
    case ParseError::kTooBigBulkCount: return "too big bulk count string";
    case ParseError::kTooBigInline: return "too big inline request";
    case ParseError::kUnbalancedQuotes: return "unbalanced quotes in request";
    case ParseError::kMissingCrlf: return "invalid CRLF in request";
    case ParseError::kRequestTooBig: return "too big request";
    case ParseError::kNulByte: return "NUL byte in request";
    case ParseError::kNone:
    case ParseError::kHttp: break;
  }
  return {};
}

bool is_control(char c) { return (c >= 0 && c < ' ') || c == 0x7f; }

}  // namespace

std::string parse_error_text(ParseError error, char unexpected) {
  const std::string_view cause = cause_of(error);
  if (cause.empty()) return {};
  std::string text = "Protocol error: ";
  text += cause;
  if (error == ParseError::kExpectedBulk) {
    text += '\'';
    text += is_control(unexpected) ? ' ' : unexpected;
    text += '\'';
  }
  return text;
}

}  // namespace respgate::protocol
