#include "proxy/gate/close_reason.h"

namespace respgate::proxy {

std::string_view close_reason_name(CloseReason reason) {
  switch (reason) {
    case CloseReason::kClientGone: return "client_gone";
    case CloseReason::kAsked: return "quit";
    case CloseReason::kProtocolError: return "protocol_error";
    case CloseReason::kOutputLimit: return "output_limit";
    case CloseReason::kMemoryLimit: return "memory_limit";
    case CloseReason::kLoginTimeout: return "login_timeout";
    case CloseReason::kIdleTimeout: return "idle_timeout";
    case CloseReason::kCertificateExpired: return "certificate_expired";
    case CloseReason::kRevoked: return "revoked";
    case CloseReason::kUpstreamGone: return "upstream_gone";
    case CloseReason::kKilled: return "killed";
    case CloseReason::kShutdown: return "shutdown";
  }
  return "unknown";
}

}  // namespace respgate::proxy
