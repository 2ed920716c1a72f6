#include "acl/command_set_builder.h"

#include <algorithm>

#include "acl/words.h"
#include "protocol/text.h"

namespace respgate::acl {
namespace {

using protocol::Category;
using protocol::CommandSpec;

// "config|get" → "config"; the whole of a name without '|'.
std::string_view before_bar(std::string_view name) { return name.substr(0, name.rfind('|')); }

std::string unknown_command(std::string_view name) { return "unknown command " + quote(name) + command_suggestion(name); }

}  // namespace

std::bitset<protocol::kMaxCommands> commands_in(Category category) {
  std::bitset<protocol::kMaxCommands> found;
  for (const CommandSpec& spec : protocol::all_commands()) {
    if (!spec.in(category)) continue;
    found.set(spec.id);
    for (const CommandSpec& subcommand : protocol::subcommands(spec)) found.set(subcommand.id);
  }
  return found;
}

std::string command_suggestion(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CommandSpec& spec : protocol::all_commands()) names.push_back(spec.name);
  return suggestion(name, names);
}

std::string category_suggestion(std::string_view name) {
  std::vector<std::string_view> names{"all"};
  for (unsigned i = 0; i < protocol::kCategoryCount; ++i) names.push_back(protocol::category_name(static_cast<Category>(i)));
  return suggestion(name, names);
}

void CommandSetBuilder::allow_all() {
  deny_all();
  for (const CommandSpec& spec : protocol::all_commands()) commands_.bits_.set(spec.id);
  base_ = Effect::kAllow;
}

void CommandSetBuilder::deny_all() {
  commands_ = CommandSet{};
  rules_.clear();
  base_ = Effect::kDeny;
}

RuleProblem CommandSetBuilder::apply(std::string_view rule) {
  const Effect effect = rule.front() == '+' ? Effect::kAllow : Effect::kDeny;
  const std::string_view name = rule.substr(1);
  if (name.empty()) return "a command or @category must follow '" + std::string(rule) + "', like '+get' or '-@dangerous'";
  if (std::any_of(name.begin(), name.end(), [](char byte) { return is_blank(byte) || is_control(byte); }))
    return "blanks and control bytes have no place in the name of a command";
  if (name.substr(0, name.find('|')).find_first_of(",;") != std::string_view::npos)  // a first argument may hold them
    return "no name of a command holds ',' or ';'; write each rule by itself, with a blank between them, like '+@read +@write'";
  if (name.front() == '@') return apply_category(effect, name.substr(1));
  return apply_command(effect, name);
}

RuleProblem CommandSetBuilder::apply_category(Effect effect, std::string_view name) {
  if (protocol::equals_any_case(name, "all")) {
    effect == Effect::kAllow ? allow_all() : deny_all();
    return std::nullopt;
  }
  const std::optional<Category> category = protocol::find_category(name);
  if (!category) return "unknown category " + quote(name) + category_suggestion(name);
  for (const CommandSpec& spec : protocol::all_commands()) {
    if (spec.in(*category)) change(spec, effect);
  }
  remember(effect, "@" + std::string(name));
  return std::nullopt;
}

RuleProblem CommandSetBuilder::apply_command(Effect effect, std::string_view name) {
  if (const CommandSpec* spec = protocol::find_command_by_name(name)) {
    change(*spec, effect);
    remember(effect, name);
    return std::nullopt;
  }
  const std::size_t bar = name.rfind('|');
  if (bar == std::string_view::npos) return unknown_command(name);
  if (effect == Effect::kAllow) return apply_first_argument(name.substr(0, bar), name.substr(bar + 1));
  const CommandSpec* command = protocol::find_command_by_name(before_bar(name));
  if (!command || command->is_container) return unknown_command(name);
  return "a first argument can only be allowed; write '-" + std::string(command->name) + "' and allow what may pass, like '+" +
         std::string(command->name) + "|0'";
}

RuleProblem CommandSetBuilder::apply_first_argument(std::string_view command, std::string_view argument) {
  const CommandSpec* spec = protocol::find_command_by_name(command);
  if (!spec) return unknown_command(command);
  if (spec->container != protocol::kNoCommand)
    return "allowing a first argument of a subcommand is not supported; write '+" + std::string(spec->name) + "'";
  if (argument.empty()) return "a subcommand or first argument must follow '|'; write '+" + std::string(spec->name) + "' for all of it";
  if (spec->is_container) {
    const std::string name = std::string(spec->name) + "|" + std::string(argument);
    return unknown_command(name);
  }
  const CommandSet::FirstArgument granted{spec->id, lowered(argument)};
  std::erase(commands_.first_arguments_, granted);
  commands_.first_arguments_.push_back(granted);
  remember(Effect::kAllow, std::string(spec->name) + "|" + std::string(argument));
  return std::nullopt;
}

void CommandSetBuilder::change(const CommandSpec& spec, Effect effect) {
  change_one(spec.id, effect);
  for (const CommandSpec& subcommand : protocol::subcommands(spec)) change_one(subcommand.id, effect);
}

void CommandSetBuilder::change_one(protocol::CommandId id, Effect effect) {
  commands_.bits_.set(id, effect == Effect::kAllow);
  std::erase_if(commands_.first_arguments_, [&](const CommandSet::FirstArgument& granted) { return granted.id == id; });
}

void CommandSetBuilder::remember(Effect effect, std::string_view name) {
  const std::string rule = (effect == Effect::kAllow ? "+" : "-") + lowered(name);
  const std::string_view repeated = std::string_view(rule).substr(1);
  std::erase_if(rules_, [&](std::string_view earlier) {
    earlier.remove_prefix(1);
    return earlier.starts_with(repeated) && (earlier.size() == repeated.size() || earlier[repeated.size()] == '|');
  });
  rules_.push_back(rule);
}

CommandSet CommandSetBuilder::build() const {
  CommandSet built = commands_;
  // `+@all -get +get` took nothing away in the end.
  built.all_ = base_ == Effect::kAllow && commands_.bits_.count() == protocol::all_commands().size();
  return built;
}

std::string CommandSetBuilder::rules() const {
  std::string line = base_ == Effect::kAllow ? "+@all" : "-@all";
  for (const std::string& rule : rules_) line += " " + rule;
  return line;
}

}  // namespace respgate::acl
