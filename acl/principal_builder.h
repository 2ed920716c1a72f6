// Applies the rules of one user, left to right, to a new principal.  The same rule
// language as ACL SETUSER; selectors come ready made from the rule reader.
#pragma once

#include <string>
#include <string_view>

#include "acl/principal.h"
#include "acl/selector_builder.h"

namespace respgate::acl {

class PrincipalBuilder {
 public:
  // A new user: off, no password, no command, no key, no channel.  `line` is where users.acl defines it.
  PrincipalBuilder(std::string name, unsigned line);

  // Any rule but a selector in parentheses.  Nothing changes when there is a problem.  The text of a problem
  // never repeats a password, nor a word that could be one.
  [[nodiscard]] RuleProblem apply(std::string_view rule);
  void add_selector(Selector selector);

  Principal build() const;

 private:
  bool apply_word(std::string_view rule);
  RuleProblem apply_password(std::string_view rule);
  RuleProblem add_secret(const Secret& secret);
  RuleProblem remove_secret(const Secret& secret);
  void reset();

  Principal principal_;
  SelectorBuilder root_;
};

}  // namespace respgate::acl
