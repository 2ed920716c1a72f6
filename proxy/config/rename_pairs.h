// Names of commands and what takes their place, in either of the spellings people
// have them in:
//
//   rename: {FLUSHALL: f1ush4ll, KEYS: ""}             a map; "" means that the command is gone
//   rename: "flushall f1ush4ll keys blocked"           the value of ElastiCache's rename-commands, as it is
//
// `blocked` and `""` both mean gone, in both spellings: a command that answered to a
// word which everybody knows would only look as if it were closed.
#pragma once

#include <string_view>
#include <vector>

#include "proxy/config/yaml_reader.h"

namespace respgate::proxy {

// What is no pair goes to the reader's ErrorLog.  An empty value: the command is gone.
void read_rename_pairs(MapReader& section, std::string_view key, std::vector<PlacedPair>& out);

}  // namespace respgate::proxy
