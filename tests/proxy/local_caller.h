// A client of which only the state exists, calling commands the proxy answers itself.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acl/policy.h"
#include "acl/policy_parser.h"
#include "protocol/reply_writer.h"
#include "proxy/gate/client_query.h"
#include "proxy/gate/local_commands.h"
#include "tests/proxy/resp_value.h"

namespace respgate::proxy {

struct LocalPolicy {
  explicit LocalPolicy(std::string_view users_acl) : users(users_acl) {}

  std::string users;
  acl::PolicyOptions options;
  std::vector<acl::CommandRuleText> rules;
  std::vector<acl::RenameText> renames;
};

inline acl::PolicyPtr make_policy(const LocalPolicy& parts) {
  auto principals = acl::parse_policy(parts.users);
  if (!principals) throw std::runtime_error("users: " + principals.error().errors.front().what);
  return std::make_shared<const acl::Policy>(std::move(*principals), std::vector<acl::CommandRules::Group>{},
                                             acl::CommandRules(parts.rules, parts.renames, {}), parts.options, 1);
}

class LocalCaller {
 public:
  LocalCaller(const LocalPolicy& parts, std::string_view user, protocol::RespVersion version = protocol::RespVersion::kResp2) {
    client.policy = make_policy(parts);
    client.principal = client.policy->find(user);
    if (client.principal == nullptr) throw std::runtime_error("no such user");
    client.resp = version;
    client.id = 7;
    client.peer = "127.0.0.1:51234";
    client.local = "127.0.0.1:6379";
    client.connected_ms = 1000;
  }

  // The reply's bytes.  Only commands that exist and whose arity fits get this far.
  std::string call(const std::vector<std::string_view>& args) {
    const protocol::CommandLookup found = client.policy->rules().find(args);
    if (found.status != protocol::CommandLookup::Status::kFound) throw std::runtime_error("unknown command");
    if (!found.spec->arity_fits(args.size())) throw std::runtime_error("wrong number of arguments");
    const LocalCall made{*found.spec, args, client, now_ms, {.command = found.spec->name}, process};
    std::string out;
    if (found.spec->name.starts_with("acl")) answer_acl(made, out);
    if (is_for_all_clients(*found.spec)) return ask(*found.spec, args);
    if (found.spec->name.starts_with("client")) answer_client(made, out);
    if (found.spec->name.starts_with("command")) answer_command(made, out);
    return out;
  }
  // The same, as a tree.
  RespValue value(const std::vector<std::string_view>& args) { return parse_reply(call(args)); }

  // What CLIENT LIST would be if this were the only client of the proxy.
  std::string ask(const protocol::CommandSpec& spec, const std::vector<std::string_view>& args) const {
    const auto query = parse_client_query(spec, args, *client.policy);
    std::string error;
    if (!query) return protocol::append_error(error, query.error()), error;
    ClientFindings found;
    if (query->kind == ClientQuery::Kind::kList && query->filter.matches(client, ClientType::kNormal))
      found.lines = {{client.id, client_info_line(client, {.command = spec.name}, now_ms)}};
    return client_query_reply(*query, {found}, client.resp);
  }
  static bool is_for_all_clients(const protocol::CommandSpec& spec) {
    return spec.name == "client|list" || spec.name == "client|kill" || spec.name == "client|unblock";
  }

  ClientState client;
  std::int64_t now_ms = 63'500;
  ProcessView* process = nullptr;
};

}  // namespace respgate::proxy
