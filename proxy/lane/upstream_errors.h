// What a client is told when its request could not be, or may not have been, carried
// out by the node.
#pragma once

#include <string_view>

#include "proxy/lane/lane.h"

namespace respgate::proxy {

inline constexpr std::string_view kUpstreamUnavailable = "-ERR respgate: upstream unavailable\r\n";
inline constexpr std::string_view kUpstreamLost = "-ERR respgate: upstream connection lost, outcome unknown\r\n";
inline constexpr std::string_view kUpstreamRefused = "-ERR respgate: upstream refused the proxy's credentials\r\n";
inline constexpr std::string_view kUpstreamBusy = "-ERR respgate: upstream busy\r\n";

// Of a request of which nothing was sent.
constexpr std::string_view unsent_text(LaneEnd why) {
  return why == LaneEnd::kRefusedCredentials ? kUpstreamRefused : kUpstreamUnavailable;
}

}  // namespace respgate::proxy
