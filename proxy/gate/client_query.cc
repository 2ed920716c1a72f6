#include "proxy/gate/client_query.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "protocol/reply_writer.h"
#include "protocol/text.h"

namespace respgate::proxy {
namespace {

using protocol::Args;
using protocol::is_option;
using Kind = ClientQuery::Kind;
using Result = boost::system::result<ClientQuery, std::string>;

constexpr std::string_view kSyntaxError = "ERR syntax error";
constexpr std::string_view kBadId = "ERR client-id should be greater than 0";

Result failure(std::string text) { return {boost::system::in_place_error, std::move(text)}; }

// What the server sees of a word that it takes for a C string.
std::string c_string(std::string_view word) { return std::string(word.substr(0, word.find('\0'))); }

std::optional<ClientType> type_named(std::string_view word) {
  if (is_option(word, "normal")) return ClientType::kNormal;
  if (is_option(word, "slave") || is_option(word, "replica")) return ClientType::kReplica;
  if (is_option(word, "pubsub")) return ClientType::kPubsub;
  if (is_option(word, "master")) return ClientType::kMaster;
  return std::nullopt;
}

std::string unknown_type(std::string_view word) { return "ERR Unknown client type '" + c_string(word) + "'"; }

void sort_once(std::vector<std::uint64_t>& ids) {
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
}

Result parse_list(Args args) {
  ClientQuery query;
  if (args.size() == 2) return query;
  if (args.size() == 4 && is_option(args[2], "type")) {
    query.filter.type = type_named(args[3]);
    if (!query.filter.type) return failure(unknown_type(args[3]));
    return query;
  }
  if (args.size() < 4 || !is_option(args[2], "id")) return failure(std::string(kSyntaxError));
  for (const std::string_view word : args.subspan(3)) {
    const std::optional<std::int64_t> id = protocol::parse_strict_integer(word);
    if (!id) return failure("ERR Invalid client ID");
    query.named.push_back(static_cast<std::uint64_t>(*id));
  }
  query.filter.ids = query.named;
  sort_once(query.filter.ids);
  return query;
}

// One `option value` of KILL; the last of its kind counts.  The error, or nothing.
std::string parse_kill_option(std::string_view option, std::string_view value, const acl::Policy& policy, ClientQuery& query) {
  if (is_option(option, "id")) {
    const std::optional<std::int64_t> id = protocol::parse_strict_integer(value);
    if (!id || *id < 1) return std::string(kBadId);
    query.filter.ids = {static_cast<std::uint64_t>(*id)};
  } else if (is_option(option, "type")) {
    query.filter.type = type_named(value);
    if (!query.filter.type) return unknown_type(value);
  } else if (is_option(option, "addr")) {
    query.filter.address = c_string(value);
  } else if (is_option(option, "laddr")) {
    query.filter.local_address = c_string(value);
  } else if (is_option(option, "user")) {
    if (policy.find(value) == nullptr) return "ERR No such user '" + c_string(value) + "'";
    query.filter.user = value;
  } else if (is_option(option, "skipme") && (is_option(value, "yes") || is_option(value, "no"))) {
    query.spares_asker = is_option(value, "yes");
  } else {
    return std::string(kSyntaxError);
  }
  return {};
}

Result parse_kill(Args args, const acl::Policy& policy) {
  ClientQuery query;
  query.kind = Kind::kKill;
  if (args.size() == 3) {
    query.in_old_form = true;
    query.spares_asker = false;
    query.filter.address = c_string(args[2]);
    return query;
  }
  for (std::size_t i = 2; i < args.size(); i += 2) {
    if (i + 1 == args.size()) return failure(std::string(kSyntaxError));
    std::string error = parse_kill_option(args[i], args[i + 1], policy, query);
    if (!error.empty()) return failure(std::move(error));
  }
  return query;
}

Result parse_unblock(Args args) {
  if (args.size() > 4)
    return failure("ERR unknown subcommand or wrong number of arguments for '" + c_string(args[1]) + "'. Try CLIENT HELP.");
  ClientQuery query;
  query.kind = Kind::kUnblock;
  query.unblocks_with_error = args.size() == 4 && is_option(args[3], "error");
  if (args.size() == 4 && !query.unblocks_with_error && !is_option(args[3], "timeout"))
    return failure("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  const std::optional<std::int64_t> id = protocol::parse_strict_integer(args[2]);
  if (!id) return failure("ERR value is not an integer or out of range");
  query.filter.ids = {static_cast<std::uint64_t>(*id)};
  return query;
}

std::string list_reply(const ClientQuery& query, const std::vector<ClientFindings>& findings, protocol::RespVersion resp) {
  std::map<std::uint64_t, std::string_view> lines;
  for (const ClientFindings& found : findings)
    for (const ClientFindings::Line& line : found.lines) lines.emplace(line.id, line.text);
  std::string text;
  for (const std::uint64_t id : query.named) {
    const auto line = lines.find(id);
    if (line == lines.end()) continue;
    text.append(line->second);
    lines.erase(line);
  }
  if (query.named.empty())
    for (const auto& [id, line] : lines) text.append(line);
  std::string reply;
  protocol::append_verbatim(reply, resp, text);
  return reply;
}

std::string kill_reply(const ClientQuery& query, const std::vector<ClientFindings>& findings) {
  std::size_t killed = query.kills_asker ? 1 : 0;
  for (const ClientFindings& found : findings) killed += found.killed;
  std::string reply;
  if (!query.in_old_form) {
    protocol::append_integer(reply, static_cast<std::int64_t>(killed));
  } else if (killed == 0) {
    protocol::append_error(reply, "ERR No such client");
  } else {
    protocol::append_simple(reply, "OK");
  }
  return reply;
}

std::string unblock_reply(std::vector<ClientFindings> findings) {
  for (ClientFindings& found : findings)
    if (!found.reply.empty()) return std::move(found.reply);
  std::string reply;
  protocol::append_integer(reply, 0);
  return reply;
}

}  // namespace

bool ClientFilter::matches(const ClientState& client, ClientType its_type) const {
  if (address && *address != client.peer) return false;
  if (local_address && *local_address != client.local) return false;
  if (type && *type != its_type) return false;
  if (!ids.empty() && !std::ranges::binary_search(ids, client.id)) return false;
  return !user || (client.principal != nullptr && client.principal->name() == *user);
}

Result parse_client_query(const protocol::CommandSpec& spec, Args args, const acl::Policy& policy) {
  if (spec.name == "client|list") return parse_list(args);
  if (spec.name == "client|kill") return parse_kill(args, policy);
  return parse_unblock(args);
}

std::string client_query_reply(const ClientQuery& query, std::vector<ClientFindings> findings, protocol::RespVersion resp) {
  switch (query.kind) {
    case Kind::kList: return list_reply(query, findings, resp);
    case Kind::kKill: return kill_reply(query, findings);
    case Kind::kUnblock: return unblock_reply(std::move(findings));
  }
  return {};
}

}  // namespace respgate::proxy
