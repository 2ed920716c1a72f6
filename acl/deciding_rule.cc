#include "acl/deciding_rule.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "protocol/text.h"

namespace respgate::acl {
namespace {

using protocol::Access;
using protocol::CommandSpec;

const CommandSpec* container_of(const CommandSpec& spec) {
  return spec.container == protocol::kNoCommand ? nullptr : &protocol::command(spec.container);
}

bool category_speaks_of(std::string_view name, const CommandSpec& spec) {
  if (name == "all") return true;
  const std::optional<protocol::Category> category = protocol::find_category(name);
  const CommandSpec* container = container_of(spec);
  return category && (spec.in(*category) || (container != nullptr && container->in(*category)));
}

// `rule` as Selector::command_rules() spells it: lower case, with its sign.
bool speaks_of(std::string_view rule, const CommandSpec& spec, protocol::Args args) {
  const std::string_view name = rule.substr(1);
  if (name.starts_with('@')) return category_speaks_of(name.substr(1), spec);
  if (name == spec.name) return true;
  if (const CommandSpec* container = container_of(spec)) return name == container->name;
  const std::size_t bar = name.find('|');
  return bar != name.npos && name.substr(0, bar) == spec.name && args.size() > 1 &&
         protocol::equals_any_case(name.substr(bar + 1), args[1]);
}

bool covers(Access granted, Access wanted) {
  return (static_cast<unsigned>(granted) & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
}

}  // namespace

std::string deciding_command_rule(const Selector& selector, const CommandSpec& spec, protocol::Args args) {
  std::string_view rules = selector.command_rules();
  std::string_view last;
  while (!rules.empty()) {
    const std::string_view rule = rules.substr(0, rules.find(' '));
    if (!rule.empty() && speaks_of(rule, spec, args)) last = rule;
    rules.remove_prefix(std::min(rules.size(), rule.size() + 1));
  }
  return std::string(last);
}

std::string granting_key_rule(const Selector& selector, std::string_view key, Access access) {
  if (selector.grants_all_keys()) return "~*";
  for (const KeyGrant& grant : selector.key_grants()) {
    if (covers(grant.access, access) && grant.pattern.matches(key)) return describe(grant);
  }
  return "";
}

std::string insufficient_key_rule(const Selector& selector, std::string_view key, Access access) {
  for (const KeyGrant& grant : selector.key_grants()) {
    if (!covers(grant.access, access) && grant.pattern.matches(key)) return describe(grant);
  }
  return "";
}

std::string granting_channel_rule(const Selector& selector, std::string_view channel, bool is_pattern) {
  if (selector.grants_all_channels()) return "&*";
  for (const Pattern& granted : selector.channel_grants()) {
    if (is_pattern ? granted.text() == channel : granted.matches(channel)) return "&" + granted.text();
  }
  return "";
}

}  // namespace respgate::acl
