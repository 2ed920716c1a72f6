// INFO, without what would let a client find its way around the proxy: the addresses
// of the node's primary, replicas and own listeners.
#pragma once

#include <string>
#include <string_view>

namespace respgate::proxy {

// Appends `reply` (a bulk or verbatim string; others are left as they are) to `out` without those lines.
void append_filtered_info(std::string& out, std::string_view reply);

}  // namespace respgate::proxy
