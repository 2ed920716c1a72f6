// The line by which CLIENT INFO and CLIENT LIST describe a connection:
// "id=3 addr=127.0.0.1:51234 … resp=2\n".  Pure.
//
// Whoever reads it splits at blanks and believes the first field of a name, so no
// value may bring its own: blanks and control bytes in a value become '_'.
// Fields about the server's own buffers (qbuf, tot-mem…) are 0, the descriptor is -1:
// the proxy has no such thing to show, and readers expect them to be there.  Of the flags
// those are shown that a proxy can know: not that a watched key has changed (d), that a
// redirection is broken (R) or that a client is not to be evicted (e).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/gate/client_state.h"

namespace respgate::proxy {

// What the client is doing.
struct ClientActivity {
  std::string_view command = {};  // "client|list"; empty: none yet
  std::int64_t idle_ms = 0;
  std::size_t channels = 0;  // subscribed to
  std::size_t patterns = 0;
  std::size_t shard_channels = 0;
  std::optional<std::size_t> queued = {};  // since MULTI; none: not in a transaction
  bool is_blocked = false;
  bool tracks = false;
  bool tracks_everything = false;  // with BCAST
  std::uint64_t redirect = 0;      // who hears of it in its place
};

// Fields as of the server whose texts the policy uses: 7.2 added lib-name and lib-ver.
std::string client_info_line(const ClientState& client, const ClientActivity& activity, std::int64_t now_ms);

}  // namespace respgate::proxy
