// Which commands a user can get to run under their own names, as findings tell it.  As the
// policy would decide were it enforced, whatever `enforcement` says.
#pragma once

#include <string>
#include <vector>

#include "acl/policy.h"
#include "protocol/command_table.h"

namespace respgate::proxy {

// Ordered as in the table, each once.
using CommandList = std::vector<const protocol::CommandSpec*>;

// What acl/dangerous_commands.h tells of him (@admin is within @dangerous), but for what was renamed: nobody says that
// by accident.
CommandList dangerous_reach_of(const acl::Policy& policy, const acl::Principal& user);

// Can he run this very command, of whatever category?
bool can_run(const acl::Policy& policy, const acl::Principal& user, const protocol::CommandSpec& spec);

// Upper case, as in README and rules; a container with all its dangerous subcommands is one word: "CONFIG", "CLIENT|KILL".
std::vector<std::string> names_of(const CommandList& commands);

}  // namespace respgate::proxy
