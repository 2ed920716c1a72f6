// Which commands a user can get to run: what its ACL grants, less what command rules
// deny and what was renamed, and what rules turn into something else as that.  As the
// policy would decide were it enforced, whatever `enforcement` says.
#pragma once

#include <string>
#include <vector>

#include "acl/policy.h"
#include "protocol/command_table.h"

namespace respgate::proxy {

// Ordered as in the table, each once.
using CommandList = std::vector<const protocol::CommandSpec*>;

// All of @dangerous and @admin that can pass a proxy at all; subcommands in the place of their containers.
const CommandList& dangerous_commands();

// Of `commands`, and of what rules rewrite them to, those that count as dangerous and this user can run.
CommandList reach_of(const acl::Policy& policy, const acl::Principal& user, const CommandList& commands);

// Can he run this very command under its own name?
bool can_run(const acl::Policy& policy, const acl::Principal& user, const protocol::CommandSpec& spec);

// Upper case, as in README and rules; a container with all its dangerous subcommands is one word: "CONFIG", "CLIENT|KILL".
std::vector<std::string> names_of(const CommandList& commands);

}  // namespace respgate::proxy
