// Collects `+get -@dangerous +config|get` into a CommandSet.  Rules count in the
// order in which they come; the later one wins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acl/principal.h"

namespace respgate::acl {

// What is wrong with a rule and what to write instead; nothing when it was applied.
using RuleProblem = std::optional<std::string>;

class CommandSetBuilder {
 public:
  void allow_all();  // +@all, allcommands
  void deny_all();   // -@all, nocommands

  // `rule` begins with '+' or '-'.  Nothing changes when there is a problem.
  [[nodiscard]] RuleProblem apply(std::string_view rule);

  CommandSet build() const;
  // "-@all +@read -keys": what is left of the rules once those that a later one repeats are dropped, as
  // ACLUpdateCommandRules() of Redis 7.2 keeps them.
  std::string rules() const;

 private:
  enum class Effect : bool { kDeny, kAllow };

  RuleProblem apply_category(Effect effect, std::string_view name);
  RuleProblem apply_command(Effect effect, std::string_view name);
  RuleProblem apply_first_argument(std::string_view command, std::string_view argument);
  void change(const protocol::CommandSpec& spec, Effect effect);
  void change_one(protocol::CommandId id, Effect effect);
  void remember(Effect effect, std::string_view name);

  CommandSet commands_;
  Effect base_ = Effect::kDeny;
  std::vector<std::string> rules_;  // "+get", lower case
};

// Every command `@category` stands for: those that are in it themselves and all subcommands of a container in it.
std::bitset<protocol::kMaxCommands> commands_in(protocol::Category category);

// "; did you mean 'get'?" for a name of a command or "container|subcommand" that does not exist.
std::string command_suggestion(std::string_view name);
std::string category_suggestion(std::string_view name);

}  // namespace respgate::acl
