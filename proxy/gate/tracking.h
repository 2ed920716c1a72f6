// What CLIENT TRACKING has made of a client: as the server last confirmed it, and what
// has been asked for since.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/command_table.h"

namespace respgate::proxy {

// CLIENT TRACKING's arguments, as far as a proxy must read them; the server judges the rest.
// Source: Redis 7.0 networking.c (clientCommand).
struct TrackingRequest {
  bool on = false;
  bool broadcast = false;
  std::optional<std::size_t> redirect;  // the argument that names a client
};
TrackingRequest read_tracking(protocol::Args args);

struct Tracking {
  bool on = false;
  bool broadcast = false;            // BCAST: hears of keys it never asked for
  std::uint64_t redirect = 0;        // the client that hears of them, as CLIENT ID says it; 0: itself
  std::int64_t server_redirect = 0;  // the same, as the node counts
};

}  // namespace respgate::proxy
