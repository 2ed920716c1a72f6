// The commands one principal may use, under the names clients must say: what COMMAND
// tells.  A command is in the catalog when
//   - some selector grants it (or one of its first arguments), or nobody needs a grant,
//   - no rule refuses it to this principal, and it was not renamed away,
//   - it is no script that a principal with limits cannot run,
//   - it can pass a shared proxy at all;
// a container, when one of its subcommands is.  Where enforcement is `observe`, grants
// are not asked for.
//
// A view: the policy and the principal outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "acl/policy.h"
#include "protocol/command_table.h"

namespace respgate::proxy {

class CommandCatalog {
 public:
  using Specs = std::vector<const protocol::CommandSpec*>;

  CommandCatalog(const acl::Policy& policy, const acl::Principal& principal) : policy_(policy), principal_(principal) {}

  bool contains(const protocol::CommandSpec& spec) const;
  Specs commands() const;  // without subcommands, in the order of the table
  Specs subcommands(const protocol::CommandSpec& container) const;

  // "config|get" as clients say it (any case); nullptr: unknown, or not in the catalog.
  const protocol::CommandSpec* find(std::string_view full_name) const;
  // REQUIRES: contains(spec).
  std::string name_of(const protocol::CommandSpec& spec) const;

 private:
  bool may_run(const protocol::CommandSpec& spec) const;

  const acl::Policy& policy_;
  const acl::Principal& principal_;
};

}  // namespace respgate::proxy
