#include "proxy/posture/command_reach.h"

#include <algorithm>
#include <string_view>

#include "acl/authorizer.h"
#include "acl/dangerous_commands.h"

namespace respgate::proxy {
namespace {

using acl::RuleOutcome;
using protocol::CommandSpec;

bool is_dangerous(const CommandSpec& spec) {
  const bool passes = !spec.is_container && spec.dispatch != protocol::Dispatch::kRefused;
  return passes && spec.in(protocol::Category::kDangerous);
}

bool has_own_name(const acl::Policy& policy, const CommandSpec& spec) { return policy.rules().client_name(spec) == spec.name; }

std::string upper(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

bool contains(const CommandList& commands, const CommandSpec& spec) {
  return std::find(commands.begin(), commands.end(), &spec) != commands.end();
}

bool is_there_whole(const CommandList& commands, const CommandSpec& container) {
  const auto all = protocol::subcommands(container);
  return std::all_of(all.begin(), all.end(), [&](const CommandSpec& each) { return !is_dangerous(each) || contains(commands, each); });
}

}  // namespace

CommandList dangerous_reach_of(const acl::Policy& policy, const acl::Principal& user) {
  CommandList reached;
  for (const std::string_view name : acl::dangerous_commands(policy, user)) {
    const CommandSpec& spec = *protocol::find_command_by_name(name);
    if (has_own_name(policy, spec)) reached.push_back(&spec);
  }
  return reached;
}

bool can_run(const acl::Policy& policy, const acl::Principal& user, const CommandSpec& spec) {
  if (spec.dispatch == protocol::Dispatch::kRefused || !has_own_name(policy, spec)) return false;
  const RuleOutcome rule = policy.rules().apply(user, spec);
  if (rule.kind == RuleOutcome::Kind::kDeny || rule.kind == RuleOutcome::Kind::kRewrite) return false;
  return !acl::refused_by_name(user, spec, protocol::Args(&spec.name, 1));
}

std::vector<std::string> names_of(const CommandList& commands) {
  std::vector<std::string> names;
  for (const CommandSpec* spec : commands) {
    const bool is_inner = spec->container != protocol::kNoCommand;
    const bool is_whole = is_inner && is_there_whole(commands, protocol::command(spec->container));
    std::string name = upper(is_whole ? protocol::command(spec->container).name : spec->name);
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace respgate::proxy
