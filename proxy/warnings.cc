#include "proxy/warnings.h"

namespace respgate::proxy {

std::vector<std::string> warnings_about(const Config& config) {
  std::vector<std::string> warnings;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.unsafe_plaintext && !listener.tls && !listener.address.is_loopback())
      warnings.push_back("listener " + listener.name + ": unsafe_plaintext: passwords and data can be read on the network");
  }
  const std::optional<UpstreamTlsConfig>& tls = config.upstream.tls;
  if (tls && tls->verify == tls::Verify::kUnsafeNone)
    warnings.push_back("upstream.tls.verify: unsafe_none: whoever stands in between can read and change everything");
  if (tls && tls->verify == tls::Verify::kChain)
    warnings.push_back("upstream.tls.verify: chain: whoever has a certificate of the same authorities can stand in between");
  return warnings;
}

}  // namespace respgate::proxy
