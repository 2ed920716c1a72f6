#include "proxy/gate/local_parts.h"

#include <algorithm>

#include "protocol/reply_writer.h"

namespace respgate::proxy {

namespace {

// As much of a client's word as the server quotes in an error.
constexpr std::size_t kQuotedBytes = 128;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string quoted(std::string_view word) { return "'" + std::string(word.substr(0, kQuotedBytes)) + "'"; }

}  // namespace

void answer_with(std::span<const LocalHandler> handlers, const LocalCall& call, std::string& out) {
  const auto handler = std::ranges::find(handlers, call.spec.name, &LocalHandler::command);
  if (handler == handlers.end()) return append_not_available(call.spec, out);
  handler->answer(call, out);
}

std::string to_upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), upper);
  return result;
}

void append_not_available(const protocol::CommandSpec& spec, std::string& out) {
  protocol::append_error(out, "ERR respgate: '" + std::string(spec.name) + "' is not available through the proxy");
}

void append_wrong_arguments(const LocalCall& call, std::string& out) {
  protocol::append_error(out, "ERR unknown subcommand or wrong number of arguments for " + quoted(call.args[1]) + ". Try " +
                                  to_upper(call.args[0].substr(0, kQuotedBytes)) + " HELP.");
}

void append_syntax_error(std::string& out) { protocol::append_error(out, "ERR syntax error"); }

void append_help(const LocalCall& call, std::span<const std::string_view> lines, std::string& out) {
  protocol::append_array(out, lines.size() + 3);
  protocol::append_simple(out, to_upper(call.args[0]) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) protocol::append_simple(out, line);
  protocol::append_simple(out, "HELP");
  protocol::append_simple(out, "    Prints this help.");
}

}  // namespace respgate::proxy
