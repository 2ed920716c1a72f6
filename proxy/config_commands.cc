#include "proxy/config_sections.h"

namespace respgate::proxy {
namespace {

using acl::RuleAction;
using Texts = acl::ServerTexts;

void read_texts(MapReader& section, std::string_view key, std::vector<std::string>& out) {
  std::vector<PlacedText> placed;
  section.texts(key, placed);
  for (PlacedText& item : placed) out.push_back(std::move(item.text));
}

// What an action needs and what it has no use for.
void check_action(MapReader& section, const acl::CommandRuleText& rule) {
  if (rule.action == RuleAction::kRewrite) section.require("to", "to: [FLUSHDB, ASYNC], the command to run instead");
  if (rule.action != RuleAction::kRewrite && section.has("to")) section.complain("to", "is for action: rewrite only: remove it");
  if (rule.action != RuleAction::kDeny && section.has("message")) section.complain("message", "is for action: deny only: remove it");
}

acl::CommandRuleText read_rule(MapReader& section) {
  acl::CommandRuleText rule;
  section.require("match", "match: [FLUSHALL, \"CONFIG|SET\", \"@dangerous\"]");
  section.require("action", "action: deny, rewrite or observe");
  read_texts(section, "match", rule.match);
  read_texts(section, "users", rule.users);
  read_texts(section, "groups", rule.groups);
  read_texts(section, "to", rule.to);
  section.text("message", rule.message);
  const bool has_action = section.choice<RuleAction>(
      "action", rule.action, {{"deny", RuleAction::kDeny}, {"rewrite", RuleAction::kRewrite}, {"observe", RuleAction::kObserve}});
  if (has_action) check_action(section, rule);
  section.finish();
  return rule;
}

void read_renames(MapReader& section, CommandsConfig& commands) {
  std::vector<PlacedPair> pairs;
  section.pairs("rename", pairs);
  for (PlacedPair& pair : pairs) commands.rename.push_back({std::move(pair.key.text), std::move(pair.value.text)});
}

void read_scripts(MapReader section) {
  section.not_built("mode", "deny", "write deny; scripts and functions are refused for everybody");
  section.not_built("sha1", "[]", "remove it; scripts and functions are refused for everybody");
  section.not_built("functions", "[]", "remove it; scripts and functions are refused for everybody");
  section.finish();
}

}  // namespace

void read_commands(MapReader& root, Config& config) {
  root.choice<bool>("enforcement", config.policy.observe, {{"enforce", false}, {"observe", true}});
  MapReader section = root.section("commands");
  read_renames(section, config.commands);
  for (MapReader& rule : section.sections("rules")) config.commands.rules.push_back(read_rule(rule));
  read_scripts(section.section("scripts"));
  section.choice<bool>("keyspace", config.policy.require_all_keys_for_keyspace, {{"allow", false}, {"require_all_keys", true}});
  section.choice<Texts>("server_texts", config.policy.texts, {{"7.0", Texts::kRedis70}, {"7.2", Texts::kRedis72}});
  section.not_built("declare", "[]", "remove it; commands of modules are unknown and refused");
  section.finish();
}

}  // namespace respgate::proxy
