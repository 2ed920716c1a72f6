// What both kinds of context are made of.
#pragma once

#include <vector>

#include "tls/certificate.h"
#include "tls/openssl.h"
#include "tls/options.h"

namespace respgate::tls {

// Protocol versions, ciphers, and what is off on both sides.
SslContextPtr new_context(const SSL_METHOD* method, Version min_version);

// A certificate for this end.  False: OpenSSL refuses it (too weak a key, say), and a problem was added.
bool use_chain(SSL_CTX* context, const CertificateChain& chain, const std::string& file, std::vector<Problem>& problems);

// Whom to trust, and who was revoked.
void trust(SSL_CTX* context, const std::vector<CertificatePtr>& authorities, const std::vector<RevocationsPtr>& revocations);

}  // namespace respgate::tls
