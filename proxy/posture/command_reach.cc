#include "proxy/posture/command_reach.h"

#include <algorithm>
#include <string_view>

#include "acl/authorizer.h"

namespace respgate::proxy {
namespace {

using acl::RuleOutcome;
using protocol::Category;
using protocol::CommandSpec;

bool is_dangerous(const CommandSpec& spec) {
  const bool passes = !spec.is_container && spec.dispatch != protocol::Dispatch::kRefused;
  return passes && (spec.in(Category::kDangerous) || spec.in(Category::kAdmin));
}

bool is_granted(const acl::Principal& user, const CommandSpec& spec) {
  return !acl::refused_by_name(user, spec, protocol::Args(&spec.name, 1));
}

// What it is to a client that says its own name: itself, what a rule makes of it, or nothing (null).
const CommandSpec* outcome_of(const acl::Policy& policy, const acl::Principal& user, const CommandSpec& spec) {
  if (policy.rules().client_name(spec) != spec.name) return nullptr;
  const RuleOutcome rule = policy.rules().apply(user, spec);
  if (rule.kind == RuleOutcome::Kind::kDeny) return nullptr;
  if (rule.kind != RuleOutcome::Kind::kRewrite) return &spec;
  const std::vector<std::string_view> words(rule.replacement.begin(), rule.replacement.end());
  return protocol::find_command(words).spec;
}

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

const CommandList& dangerous_commands() {
  static const CommandList commands = [] {
    CommandList found;
    for (const CommandSpec& spec : protocol::all_commands()) {
      if (is_dangerous(spec)) found.push_back(&spec);
    }
    return found;
  }();
  return commands;
}

CommandList reach_of(const acl::Policy& policy, const acl::Principal& user, const CommandList& commands) {
  CommandList reached;
  for (const CommandSpec* spec : commands) {
    const CommandSpec* outcome = outcome_of(policy, user, *spec);
    if (outcome != nullptr && is_dangerous(*outcome) && is_granted(user, *outcome)) reached.push_back(outcome);
  }
  std::sort(reached.begin(), reached.end(), [](const CommandSpec* a, const CommandSpec* b) { return a->id < b->id; });
  reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
  return reached;
}

bool can_run(const acl::Policy& policy, const acl::Principal& user, const CommandSpec& spec) {
  return spec.dispatch != protocol::Dispatch::kRefused && outcome_of(policy, user, spec) == &spec && is_granted(user, spec);
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
