// The `tls` sections of respgate.yaml as plain data: names of files, not their contents.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tls/options.h"
#include "tls/peer_identity.h"

namespace respgate::proxy {

struct CertificateConfig {
  std::string cert_file;
  std::string key_file;
  std::string passphrase_file;  // empty: the key is not encrypted
  bool operator==(const CertificateConfig&) const = default;
};

struct ListenerTlsConfig {
  std::vector<CertificateConfig> certificates;  // at least one; the first is for clients that name none of the others
  tls::Version min_version = tls::Version::kTls12;
  std::chrono::milliseconds handshake_timeout{5000};
  std::size_t max_handshakes = 256;  // under way at once, over all workers
  tls::ClientAuth client_auth = tls::ClientAuth::kNone;
  std::string client_ca_file;
  std::string crl_file;                                         // empty: revocation is not asked
  std::optional<tls::IdentityKind> client_identity;             // absent: a certificate admits, and logs nobody in
  std::vector<std::pair<std::string, std::string>> identities;  // identity -> user
};

struct UpstreamTlsConfig {
  tls::Verify verify = tls::Verify::kFull;
  std::string ca_file;      // empty: the system's
  std::string server_name;  // empty: the host that is dialled
  std::optional<CertificateConfig> certificate;
  bool operator==(const UpstreamTlsConfig&) const = default;
};

}  // namespace respgate::proxy
