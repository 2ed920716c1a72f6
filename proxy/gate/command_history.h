// Since when a command exists, and the group its documentation files it under: facts
// that only COMMAND DOCS tells, so they are not in the command table.
//
// Source: COMMAND DOCS of Redis 7.0.15; release notes of Valkey 7.2 … 9.1 and Redis
// 7.4 … 8.10 for later ones.
#pragma once

#include <string_view>

#include "protocol/command_table.h"

namespace respgate::proxy {

struct CommandHistory {
  std::string_view since;  // "7.2.0" (whichever of Redis and Valkey was first); empty: not known
  std::string_view group;  // "sorted-set"; "generic" where not known
};

CommandHistory history_of(const protocol::CommandSpec& spec);

}  // namespace respgate::proxy
