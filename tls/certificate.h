// Certificates and keys from PEM text, judged before anybody relies on them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tls/openssl.h"
#include "tls/options.h"

namespace respgate::tls {

struct CertificateChain {
  CertificatePtr leaf;
  std::vector<CertificatePtr> issuers;  // in the order they are sent
  KeyPtr key;
};

// Adds to `problems` whatever is wrong: unreadable, a key that does not match, expired at `now` (seconds since 1970),
// not yet valid.  The chain is complete if nothing was added.
CertificateChain read_chain(const CertificateOptions& options, std::int64_t now, std::vector<Problem>& problems);

// The authorities of a bundle; at least one, or a problem.
std::vector<CertificatePtr> read_authorities(const Pem& bundle, std::vector<Problem>& problems);
std::vector<RevocationsPtr> read_revocations(const Pem& list, std::int64_t now, std::vector<Problem>& problems);

// What an operator wants to know of a certificate in use.
struct CertificateFacts {
  std::string file;
  std::string subject;             // "CN = gateway.example"; control bytes escaped
  std::vector<std::string> names;  // DNS names it is for, sorted
  std::int64_t not_after = 0;      // seconds since 1970
};
CertificateFacts facts_of(const X509& certificate, std::string file);

// Seconds since 1970.
std::int64_t seconds_of(const ASN1_TIME& time);
// Seconds since 1970 as "2026-11-24T15:04:05Z".
std::string utc_text(std::int64_t seconds);

}  // namespace respgate::tls
