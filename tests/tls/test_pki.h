// Certificates for tests, made as they are needed: an authority, and what it signs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tls/openssl.h"
#include "tls/options.h"

namespace respgate::tls::testing {

enum class KeyKind : std::uint8_t { kEc, kRsa, kWeakRsa };

struct LeafSpec {
  std::vector<std::string> common_names{"leaf"};
  std::string alternative_names = {};  // as OpenSSL's configuration spells it: "DNS:a.test,URI:spiffe://x"
  std::int64_t valid_from = -60;       // seconds from now
  std::int64_t valid_for = 3600;
  KeyKind key = KeyKind::kEc;
  std::string passphrase = {};                       // of the key's PEM
  CertificatePtr (*edit)(CertificatePtr) = nullptr;  // before it is signed
};

struct Issued {
  std::string certificate;  // PEM
  std::string key;
  CertificatePtr parsed;
};

class Authority {
 public:
  explicit Authority(std::string_view name);

  Issued issue(const LeafSpec& spec);
  // Revokes all of `revoked`; out of date at once if `is_stale`.
  std::string revocations(const std::vector<const X509*>& revoked, bool is_stale = false);
  const std::string& certificate() const { return pem_; }

 private:
  KeyPtr key_;
  CertificatePtr certificate_;
  std::string pem_;
  long serial_ = 1;
};

CertificateOptions options_of(const Issued& issued, std::string_view name = "leaf");
ServerOptions server_with(const Issued& issued);
std::int64_t now_seconds();

}  // namespace respgate::tls::testing
