// Why a client connection ended, for logs.
#pragma once

#include <cstdint>
#include <string_view>

namespace respgate::proxy {

enum class CloseReason : std::uint8_t {
  kClientGone,
  kAsked,  // QUIT
  kProtocolError,
  kOutputLimit,
  kMemoryLimit,
  kLoginTimeout,
  kIdleTimeout,
  kCertificateExpired,
  kRevoked,       // the user is gone, off, or not admitted here any more
  kUpstreamGone,  // its own lane ended, and with it what it held: a transaction, subscriptions, tracking
  kKilled,
  kShutdown,
};
std::string_view close_reason_name(CloseReason reason);

}  // namespace respgate::proxy
