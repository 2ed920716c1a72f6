// CLIENT, as far as it concerns the connection that asks and the proxy knows the answer.
// What reaches into other connections (LIST, KILL, UNBLOCK) is asked of every worker; PAUSE
// and UNPAUSE, TRACKING and its kin are the server's.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/gate/client_info.h"
#include "proxy/gate/local_parts.h"

namespace respgate::proxy {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHelp[] = {
    "CACHING (YES|NO)"sv,
    "    Track, or do not track, what the next command reads."sv,
    "GETNAME"sv,
    "    Name of this connection."sv,
    "GETREDIR"sv,
    "    The connection that gets this one's invalidations."sv,
    "ID"sv,
    "    Number of this connection, unique in this proxy."sv,
    "INFO"sv,
    "    What is known of this connection."sv,
    "KILL <ip:port>"sv,
    "    Close the connection that comes from there."sv,
    "KILL <option> <value> [<option> <value> ...]"sv,
    "    Close connections to this proxy.  All of these have to fit:"sv,
    "    * ID <id>, ADDR <ip:port>, LADDR <ip:port>, USER <name>"sv,
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)"sv,
    "    * SKIPME (YES|NO): spare this connection (default: yes)"sv,
    "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]"sv,
    "    What is known of the connections to this proxy."sv,
    "NO-EVICT (ON|OFF)"sv,
    "    Do not count this connection when the server's clients need too much memory."sv,
    "PAUSE <timeout> [WRITE|ALL]"sv,
    "    Hold up every client of the server, for that many milliseconds."sv,
    "REPLY (ON|OFF|SKIP)"sv,
    "    Whether this connection wants replies."sv,
    "SETINFO (LIB-NAME|LIB-VER) <value>"sv,
    "    Say which client library this is."sv,
    "SETNAME <name>"sv,
    "    Name this connection; an empty name takes the name away."sv,
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]"sv,
    "    Hear of keys that change."sv,
    "TRACKINGINFO"sv,
    "    How this connection tracks."sv,
    "UNBLOCK <id> [TIMEOUT|ERROR]"sv,
    "    End a blocking command of another connection."sv,
    "UNPAUSE"sv,
    "    End a PAUSE."sv,
};

bool is_field_byte(char c) { return c >= '!' && c <= '~'; }

bool is_field(std::string_view text) { return std::ranges::all_of(text, is_field_byte); }

void append_too_long(std::string& out) {
  protocol::append_error(out, "ERR respgate: client names are limited to " + std::to_string(kMaxClientNameBytes) + " bytes");
}

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

void answer_info(const LocalCall& call, std::string& out) {
  protocol::append_verbatim(out, call.client.resp, client_info_line(call.client, call.activity, call.now_ms));
}

// What Valkey offers here (redirections) cannot happen to a client of the proxy, and what
// a server does not know it ignores.
void answer_capa(const LocalCall&, std::string& out) { protocol::append_simple(out, "OK"); }

void answer_help(const LocalCall& call, std::string& out) { append_help(call, kHelp, out); }

constexpr LocalHandler kHandlers[] = {
    {"client|id", answer_id},           {"client|getname", answer_getname}, {"client|setname", answer_setname},
    {"client|setinfo", answer_setinfo}, {"client|info", answer_info},       {"client|capa", answer_capa},
    {"client|help", answer_help},
};

}  // namespace

void answer_client(const LocalCall& call, std::string& out) { answer_with(kHandlers, call, out); }

bool is_valid_client_name(std::string_view name) { return name.size() <= kMaxClientNameBytes && is_field(name); }

}  // namespace respgate::proxy
