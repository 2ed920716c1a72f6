// Who may run scripts and functions.  A proxy cannot see what a script does: its
// commands run upstream with the rights of the login of its lane.  That is the proxy's
// own, unless the user has one (upstream.per_user_credentials): then the server judges.
#pragma once

#include "acl/policy.h"
#include "acl/principal.h"
#include "protocol/command_table.h"

namespace respgate::acl {

// Unrestricted principals may; who has an identity of his own at the server, his own calls; others as `options.scripts` has it: nobody,
// everybody, or those scripts (by SHA-1 of their text) and functions (by name) that are listed.  Loading, replacing and deleting functions
// changes what others run: that remains with the unrestricted whatever the options say.
bool may_run_script(const Principal& principal, const protocol::CommandSpec& spec, protocol::Args args, const PolicyOptions& options);

// Is there no argument with which it may?  What the list of commands leaves out.
bool is_closed_script(const Principal& principal, const protocol::CommandSpec& spec, const PolicyOptions& options);

}  // namespace respgate::acl
