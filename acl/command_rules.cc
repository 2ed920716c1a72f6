#include "acl/command_rules.h"

#include <algorithm>
#include <bitset>
#include <set>

#include "acl/command_set_builder.h"
#include "acl/words.h"
#include "protocol/text.h"

namespace respgate::acl {
namespace {

using CommandBits = std::bitset<protocol::kMaxCommands>;

// REQUIRES: check() found nothing wrong with `word`.
CommandBits commands_matched_by(std::string_view word) {
  CommandBits matched;
  if (protocol::equals_any_case(word, "@all")) return matched.set();
  if (word.starts_with('@')) return commands_in(*protocol::find_category(word.substr(1)));
  const protocol::CommandSpec& spec = *protocol::find_command_by_name(word);
  matched.set(spec.id);
  for (const protocol::CommandSpec& subcommand : protocol::subcommands(spec)) matched.set(subcommand.id);
  return matched;
}

CommandBits commands_matched_by(const CommandRuleText& rule) {
  CommandBits matched;
  for (const std::string& word : rule.match) matched |= commands_matched_by(word);
  return matched;
}

std::set<std::string> users_named_by(const CommandRuleText& rule, std::span<const CommandRules::Group> groups) {
  std::set<std::string> users(rule.users.begin(), rule.users.end());
  for (const CommandRules::Group& group : groups) {
    if (std::find(rule.groups.begin(), rule.groups.end(), group.name) != rule.groups.end())
      users.insert(group.members.begin(), group.members.end());
  }
  return users;
}

}  // namespace

std::string_view rule_action_name(RuleAction action) {
  switch (action) {
    case RuleAction::kDeny: return "deny";
    case RuleAction::kRewrite: return "rewrite";
    case RuleAction::kObserve: break;
  }
  return "observe";
}

CommandRules::CommandRules(std::span<const CommandRuleText> rules, std::span<const RenameText> renames, std::span<const Group> groups)
    : renames_(renames) {
  std::vector<CommandBits> matched;
  for (const CommandRuleText& text : rules) {
    const auto index = static_cast<RuleIndex>(rules_.size());
    for (const std::string& user : users_named_by(text, groups)) named_[user].push_back(index);
    rules_.push_back({text.action, text.to, text.message, text.users.empty() && text.groups.empty()});
    matched.push_back(commands_matched_by(text));
  }
  for (std::size_t id = 0; id < protocol::kMaxCommands; ++id) {
    first_.push_back(candidates_.size());
    for (RuleIndex index = 0; index < matched.size(); ++index) {
      if (matched[index].test(id)) candidates_.push_back(index);
    }
  }
  first_.push_back(candidates_.size());
}

RuleOutcome CommandRules::apply(const Principal& principal, const protocol::CommandSpec& spec) const {
  if (!speak_of(spec)) return {};
  const auto named = named_.find(std::string_view(principal.name()));
  for (std::size_t i = first_[spec.id]; i < first_[spec.id + 1u]; ++i) {
    const RuleIndex index = candidates_[i];
    const bool names_it = named != named_.end() && std::binary_search(named->second.begin(), named->second.end(), index);
    if (names_it || rules_[index].is_for_everyone) return outcome(index);
  }
  return {};
}

RuleOutcome CommandRules::outcome(RuleIndex index) const {
  const Rule& rule = rules_[index];
  RuleOutcome outcome;
  outcome.rule = static_cast<std::int32_t>(index);
  outcome.message = rule.message;
  outcome.replacement = rule.replacement;
  switch (rule.action) {
    case RuleAction::kDeny: outcome.kind = RuleOutcome::Kind::kDeny; break;
    case RuleAction::kRewrite: outcome.kind = RuleOutcome::Kind::kRewrite; break;
    case RuleAction::kObserve: outcome.kind = RuleOutcome::Kind::kObserve; break;
  }
  return outcome;
}

}  // namespace respgate::acl
