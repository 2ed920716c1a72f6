#include "acl/dangerous_commands.h"

#include <algorithm>
#include <array>

#include "acl/authorizer.h"
#include "acl/script_rules.h"

namespace respgate::acl {
namespace {

using protocol::CommandSpec;
using protocol::Reach;

bool is_dangerous(const CommandSpec& spec) {
  // A container alone is only ever an error of arity.
  return spec.in(protocol::Category::kDangerous) && !spec.is_container && spec.dispatch != protocol::Dispatch::kRefused;
}

// As authorize() asks it, before there are arguments.
bool may_reach(const Policy& policy, const Principal& principal, const CommandSpec& spec) {
  const std::array head{spec.name};
  // MIGRATE sends keys to where the proxy guards nothing: it passes only for users without limits.
  if (spec.key_function == protocol::KeyFunction::kMigrate) return principal.is_unrestricted();
  if (spec.reach == Reach::kAnyKey) return may_run_script(principal, spec, head, policy.options());
  if (spec.reach != Reach::kKeyspaceNames || !policy.options().require_all_keys_for_keyspace) return true;
  return std::any_of(principal.selectors().begin(), principal.selectors().end(),
                     [&](const Selector& selector) { return selector.grants_all_keys() && selector.commands().contains(spec.id); });
}

bool grants(const Policy& policy, const Principal& principal, const CommandSpec& spec) {
  const std::array head{spec.name};
  return is_dangerous(spec) && !refused_by_name(principal, spec, head) && may_reach(policy, principal, spec);
}

bool may_run(const Policy& policy, const Principal& principal, const CommandSpec& spec) {
  if (policy.rules().client_name(spec).empty()) return false;
  const RuleOutcome rule = policy.rules().apply(principal, spec);
  if (rule.kind == RuleOutcome::Kind::kDeny) return false;
  if (rule.kind != RuleOutcome::Kind::kRewrite) return grants(policy, principal, spec);
  const std::vector<std::string_view> words(rule.replacement.begin(), rule.replacement.end());
  const protocol::CommandLookup found = protocol::find_command(words);
  return found.status == protocol::CommandLookup::Status::kFound && grants(policy, principal, *found.spec);
}

}  // namespace

std::vector<std::string_view> dangerous_commands(const Policy& policy, const Principal& principal) {
  std::vector<std::string_view> names;
  for (const CommandSpec& spec : protocol::all_commands()) {
    if (is_dangerous(spec) && may_run(policy, principal, spec)) names.push_back(spec.name);
  }
  return names;
}

}  // namespace respgate::acl
