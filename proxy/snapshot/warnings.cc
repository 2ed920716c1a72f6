#include "proxy/snapshot/warnings.h"

#include <sys/stat.h>

namespace respgate::proxy {
namespace {

// Kubernetes mounts secrets so; on a machine of one's own it is a mistake.
void warn_of_readable_key(const CertificateConfig& certificate, std::vector<std::string>& warnings) {
  struct stat status {};
  if (::stat(certificate.key_file.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  warnings.push_back("key_file " + certificate.key_file + " may be read by everybody on this machine: chmod o-r it");
}

}  // namespace

std::vector<std::string> warnings_about(const Config& config) {
  std::vector<std::string> warnings;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.tls)
      for (const CertificateConfig& certificate : listener.tls->certificates) warn_of_readable_key(certificate, warnings);
    if (listener.unsafe_plaintext && !listener.tls && !listener.address.is_loopback())
      warnings.push_back("listener " + listener.name + ": unsafe_plaintext: passwords and data can be read on the network");
  }
  const std::optional<UpstreamTlsConfig>& tls = config.upstream.tls;
  if (tls && tls->verify == tls::Verify::kUnsafeNone)
    warnings.emplace_back("upstream.tls.verify: unsafe_none: whoever stands in between can read and change everything");
  if (tls && tls->verify == tls::Verify::kChain)
    warnings.emplace_back("upstream.tls.verify: chain: whoever has a certificate of the same authorities can stand in between");
  if (tls && tls->certificate) warn_of_readable_key(*tls->certificate, warnings);
  return warnings;
}

}  // namespace respgate::proxy
