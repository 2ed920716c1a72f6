#include "proxy/config/config_sections.h"
#include "proxy/config/rename_pairs.h"

namespace respgate::proxy {
namespace {

using acl::RuleAction;
using Texts = acl::ServerTexts;

void read_texts(MapReader& section, std::string_view key, std::vector<std::string>& out) {
  std::vector<PlacedText> placed;
  section.texts(key, placed);
  for (PlacedText& item : placed) out.push_back(std::move(item.text));
}

// A rule without users and groups is for everybody; who writes an empty list means nobody.
void read_persons(MapReader& section, std::string_view key, std::vector<std::string>& out) {
  const std::size_t complaints = section.complaints();
  read_texts(section, key, out);
  if (section.has(key) && out.empty() && section.complaints() == complaints)
    section.complain(key, "is empty: write names, or remove it if the rule is for everybody");
}

acl::CommandRuleText read_rule(MapReader& section) {
  acl::CommandRuleText rule;
  section.require("match", "match: [FLUSHALL, \"CONFIG|SET\", \"@dangerous\"]");
  section.require("action", "action: deny, rewrite or observe");
  read_texts(section, "match", rule.match);
  read_persons(section, "users", rule.users);
  read_persons(section, "groups", rule.groups);
  read_texts(section, "to", rule.to);
  section.text("message", rule.message);
  section.choice<RuleAction>("action", rule.action,
                             {{"deny", RuleAction::kDeny}, {"rewrite", RuleAction::kRewrite}, {"observe", RuleAction::kObserve}});
  section.finish();
  return rule;
}

void read_renames(MapReader& section, CommandsConfig& commands) {
  std::vector<PlacedPair> pairs;
  read_rename_pairs(section, "rename", pairs);
  for (PlacedPair& pair : pairs) commands.rename.push_back({std::move(pair.key.text), std::move(pair.value.text)});
}

bool is_sha1(std::string_view text) {
  constexpr std::size_t kDigits = 40;
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

void read_scripts(MapReader section, acl::PolicyOptions& policy) {
  using Scripts = acl::PolicyOptions::Scripts;
  section.choice<Scripts>("mode", policy.scripts,
                          {{"deny", Scripts::kDeny}, {"allow", Scripts::kAllow}, {"allowlist", Scripts::kAllowList}});
  std::vector<PlacedText> scripts;
  section.texts("sha1", scripts);
  for (PlacedText& script : scripts) {
    if (is_sha1(script.text)) {
      policy.script_sha1.push_back(std::move(script.text));
    } else {
      section.complain_at(script.at, "sha1",
                          quote(script.text) + " is no SHA-1: write its 40 lower-case hexadecimal digits, as SCRIPT LOAD answers");
    }
  }
  read_texts(section, "functions", policy.functions);
  const bool lists = !policy.script_sha1.empty() || !policy.functions.empty();
  if (lists && policy.scripts != Scripts::kAllowList)
    section.complain("mode", "the lists of scripts and functions only count with mode: allowlist");
  section.finish();
}

void complain(MapReader& section, const acl::CommandRules::Problem& problem, const Config& config) {
  const Places& places = config.places;
  if (problem.in == acl::CommandRules::Problem::In::kRename) {
    const std::string field = "rename." + config.commands.rename[problem.index].from;
    const std::string path = "commands." + field;
    return section.complain_at(problem.field == "from" ? places.of_key(path) : places.of(path), field, problem.what);
  }
  const std::string field = "rules[" + std::to_string(problem.index) + "]." + problem.field;
  section.complain_at(places.of("commands." + field + "[" + std::to_string(problem.item) + "]"), field, problem.what);
}

// What the words mean; only asked once they could all be read.
void check_rules(MapReader& section, const Config& config) {
  const CommandsConfig& commands = config.commands;
  for (const auto& problem : acl::CommandRules::check(commands.rules, commands.rename, config.groups)) complain(section, problem, config);
}

}  // namespace

void read_commands(MapReader& root, Config& config) {
  root.choice<bool>("enforcement", config.policy.observe, {{"enforce", false}, {"observe", true}});
  MapReader section = root.section("commands");
  const std::size_t complaints = section.complaints();
  read_renames(section, config.commands);
  for (MapReader& rule : section.sections("rules")) config.commands.rules.push_back(read_rule(rule));
  read_scripts(section.section("scripts"), config.policy);
  section.choice<bool>("keyspace", config.policy.require_all_keys_for_keyspace, {{"allow", false}, {"require_all_keys", true}});
  section.choice<Texts>("server_texts", config.policy.texts, {{"7.0", Texts::kRedis70}, {"7.2", Texts::kRedis72}});
  section.not_built("declare", "[]", "remove it; commands of modules are unknown and refused");
  section.finish();
  if (section.complaints() == complaints) check_rules(section, config);
}

}  // namespace respgate::proxy
