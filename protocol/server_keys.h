// The keys that the server's own ACL looks at: Redis 7 key specs and, where they do
// not suffice, the hand-written extraction of the command.  Reproduces the server,
// faults included; what a command really touches is true_keys.h's business.
#pragma once

#include <vector>

#include "protocol/command_table.h"
#include "protocol/targets.h"

namespace respgate::protocol {

// REQUIRES: spec.arity_fits(args.size()).
void append_server_keys(const CommandSpec& spec, Args args, std::vector<KeyRef>& keys);

}  // namespace respgate::protocol
