// CLIENT, as far as it concerns the connection that asks.  What reaches into other
// connections (KILL, PAUSE, UNBLOCK), and what needs a server connection of one's own
// (TRACKING and its kin), is not answered here.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/client_info.h"
#include "proxy/local_parts.h"

namespace respgate::proxy {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHelp[] = {
    "GETNAME"sv,
    "    Name of this connection."sv,
    "ID"sv,
    "    Number of this connection, unique in this proxy."sv,
    "INFO"sv,
    "    What is known of this connection."sv,
    "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]"sv,
    "    The same as a list; other connections are not shown."sv,
    "SETINFO (LIB-NAME|LIB-VER) <value>"sv,
    "    Say which client library this is."sv,
    "SETNAME <name>"sv,
    "    Name this connection; an empty name takes the name away."sv,
};

bool is_field_byte(char c) { return c >= '!' && c <= '~'; }

bool is_field(std::string_view text) { return std::ranges::all_of(text, is_field_byte); }

void append_too_long(std::string& out) {
  protocol::append_error(out, "ERR respgate: client names are limited to " + std::to_string(kMaxClientNameBytes) + " bytes");
}

std::string own_line(const LocalCall& call) { return client_info_line(call.client, {call.spec.name, 0}, call.now_ms); }

void answer_id(const LocalCall& call, std::string& out) { protocol::append_integer(out, static_cast<std::int64_t>(call.client.id)); }

void answer_getname(const LocalCall& call, std::string& out) {
  if (call.client.name.empty()) return protocol::append_null(out, call.client.resp);
  protocol::append_bulk(out, call.client.name);
}

void answer_setname(const LocalCall& call, std::string& out) {
  const std::string_view name = call.args[2];
  if (!is_field(name)) return protocol::append_error(out, "ERR Client names cannot contain spaces, newlines or special characters.");
  if (!is_valid_client_name(name)) return append_too_long(out);
  call.client.name = name;
  protocol::append_simple(out, "OK");
}

void answer_setinfo(const LocalCall& call, std::string& out) {
  const std::string_view attribute = call.args[2];
  const std::string_view value = call.args[3];
  const bool is_name = protocol::equals_any_case(attribute, "lib-name");
  if (!is_name && !protocol::equals_any_case(attribute, "lib-ver")) {
    return protocol::append_error(out, "ERR Unrecognized option '" + std::string(attribute.substr(0, kMaxClientNameBytes)) + "'");
  }
  if (!is_field(value)) {
    return protocol::append_error(out, "ERR " + std::string(attribute) + " cannot contain spaces, newlines or special characters.");
  }
  if (!is_valid_client_name(value)) return append_too_long(out);
  (is_name ? call.client.library_name : call.client.library_version) = value;
  protocol::append_simple(out, "OK");
}

void answer_info(const LocalCall& call, std::string& out) { protocol::append_verbatim(out, call.client.resp, own_line(call)); }

// Is this connection of the type asked for?  Nothing when there is no such type.
std::optional<bool> is_of_type(std::string_view type) {
  if (protocol::equals_any_case(type, "normal")) return true;
  for (const std::string_view other : {"slave", "replica", "pubsub", "master"}) {
    if (protocol::equals_any_case(type, other)) return false;
  }
  return std::nullopt;
}

void append_list(const LocalCall& call, bool shown, std::string& out) {
  protocol::append_verbatim(out, call.client.resp, shown ? own_line(call) : std::string());
}

void list_by_type(const LocalCall& call, std::string& out) {
  const std::string_view type = call.args[3];
  const std::optional<bool> shown = is_of_type(type);
  if (!shown) {
    return protocol::append_error(out, "ERR Unknown client type '" + std::string(type.substr(0, kMaxClientNameBytes)) + "'");
  }
  append_list(call, *shown, out);
}

void list_by_id(const LocalCall& call, std::string& out) {
  bool shown = false;
  for (const std::string_view word : call.args.subspan(3)) {
    const std::optional<std::int64_t> id = protocol::parse_strict_integer(word);
    if (!id) return protocol::append_error(out, "ERR Invalid client ID");
    // Once, however often it is named: a reply must not grow with what a client repeats.
    shown = shown || static_cast<std::uint64_t>(*id) == call.client.id;
  }
  append_list(call, shown, out);
}

void answer_list(const LocalCall& call, std::string& out) {
  const std::size_t argc = call.args.size();
  if (argc == 2) return append_list(call, true, out);
  if (argc == 4 && protocol::equals_any_case(call.args[2], "type")) return list_by_type(call, out);
  if (argc >= 4 && protocol::equals_any_case(call.args[2], "id")) return list_by_id(call, out);
  append_syntax_error(out);
}

// What Valkey offers here (redirections) cannot happen to a client of the proxy, and what
// a server does not know it ignores.
void answer_capa(const LocalCall&, std::string& out) { protocol::append_simple(out, "OK"); }

void answer_help(const LocalCall& call, std::string& out) { append_help(call, kHelp, out); }

constexpr LocalHandler kHandlers[] = {
    {"client|id", answer_id},           {"client|getname", answer_getname}, {"client|setname", answer_setname},
    {"client|setinfo", answer_setinfo}, {"client|info", answer_info},       {"client|list", answer_list},
    {"client|capa", answer_capa},       {"client|help", answer_help},
};

}  // namespace

void answer_client(const LocalCall& call, std::string& out) { answer_with(kHandlers, call, out); }

bool is_valid_client_name(std::string_view name) { return name.size() <= kMaxClientNameBytes && is_field(name); }

}  // namespace respgate::proxy
