// Which words of a user's rules decided about a command: for `explain`, which says it in
// the words of users.acl.  As far as a policy keeps them: command rules as they count,
// without those that a later one repeats, and the patterns.
#pragma once

#include <string>

#include "acl/principal.h"
#include "protocol/command_table.h"
#include "protocol/targets.h"

namespace respgate::acl {

// The last of the selector's command rules that speaks of the command: "+@read", "-config|set", "-@all".
// `args`: first arguments are rules too (`+select|0`).
std::string deciding_command_rule(const Selector& selector, const protocol::CommandSpec& spec, protocol::Args args);

// The first of its key rules that grants this access: "~app:*", "~*" for all keys; empty: none.
std::string granting_key_rule(const Selector& selector, std::string_view key, protocol::Access access);

// A key rule whose pattern fits but which grants another access ("%R~app:*"); empty: none fits at all.
std::string insufficient_key_rule(const Selector& selector, std::string_view key, protocol::Access access);

// The first of its channel rules that grants it: "&app:*", "&*"; empty: none.
std::string granting_channel_rule(const Selector& selector, std::string_view channel, bool is_pattern);

}  // namespace respgate::acl
