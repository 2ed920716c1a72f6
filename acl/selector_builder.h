// Applies the rules of one selector, left to right, each on what came before it:
// commands, keys, channels and databases.
#pragma once

#include <string_view>

#include "acl/command_set_builder.h"
#include "acl/principal.h"

namespace respgate::acl {

// The number of a database in its only spelling ("3"; not "+3", "03", "3x").
std::optional<std::int64_t> read_database(std::string_view text);

class SelectorBuilder {
 public:
  // Is this a rule of selectors, well formed or not, and not one of the whole principal?
  static bool is_selector_rule(std::string_view rule);

  // REQUIRES: is_selector_rule(rule).  Nothing changes when there is a problem.
  [[nodiscard]] RuleProblem apply(std::string_view rule);

  Selector build() const;

 private:
  bool apply_word(std::string_view rule);
  RuleProblem apply_key(std::string_view rule);
  RuleProblem apply_channel(std::string_view pattern);
  RuleProblem apply_databases(std::string_view ids);
  RuleProblem add_key(std::string_view pattern, protocol::Access access);

  CommandSetBuilder commands_;
  Selector selector_;  // all but the commands
};

}  // namespace respgate::acl
