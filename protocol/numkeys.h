// Commands that say how many keys they have: is the number one that the command
// itself would accept?
#pragma once

#include <string_view>

#include "protocol/command_table.h"

namespace respgate::protocol {

// The error the command would answer for its number of keys; empty when the number
// is in order, or when the command has none.
// REQUIRES: spec.arity_fits(args.size()).
std::string_view numkeys_fault(const CommandSpec& spec, Args args);

}  // namespace respgate::protocol
