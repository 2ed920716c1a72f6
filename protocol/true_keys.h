// The keys that a command really touches, by its own grammar, where that differs
// from what the server's ACL looks at; and the faults of a request that leave its
// keys in doubt, with the words in which the command would have answered them.
//
// Sources: observed on Redis 7.0.15, and redis #15478 / valkey #3971 for the ways in
// which the two views part.
#pragma once

#include <string_view>
#include <vector>

#include "protocol/command_table.h"
#include "protocol/targets.h"

namespace respgate::protocol {

struct TrueReading {
  Reach reach = Reach::kNamed;
  std::string_view refusal;  // not empty: the command would answer this error, its code first
};

// Appends the keys that are not among `keys` yet, which holds what append_server_keys() found.
// REQUIRES: spec.arity_fits(args.size()).
TrueReading read_true_keys(const CommandSpec& spec, Args args, std::vector<KeyRef>& keys);

}  // namespace respgate::protocol
