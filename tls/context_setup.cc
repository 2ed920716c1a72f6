#include "tls/context_setup.h"

#include <openssl/err.h>

namespace respgate::tls {
namespace {

// Of TLS 1.2 what has forward secrecy and an AEAD (RFC 9325 §4.2); TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr int kStrongEnough = 2;           // of OpenSSL's security levels: 112 bits, no RSA below 2048
constexpr int kLongestChain = 4;           // of issuers; a longer one is not looked at
constexpr long kLargestChain = 64 * 1024;  // in bytes

}  // namespace

SslContextPtr new_context(const SSL_METHOD* method, Version min_version) {
  SslContextPtr context(SSL_CTX_new(method));
  if (!context) return nullptr;
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_security_level(raw, kStrongEnough);
  SSL_CTX_set_min_proto_version(raw, min_version == Version::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(raw, kCiphers);
  SSL_CTX_set1_groups_list(raw, kGroups);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // it grows without a bound that anybody set (CVE-2024-2511)
  // An idle connection holds no record buffers; a write may be repeated from another place.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_verify_depth(raw, kLongestChain);
  SSL_CTX_set_max_cert_list(raw, kLargestChain);
  return context;
}

bool use_chain(SSL_CTX* context, const CertificateChain& chain, const std::string& file, std::vector<Problem>& problems) {
  ERR_clear_error();
  const bool is_used = SSL_CTX_use_certificate(context, chain.leaf.get()) == 1 && SSL_CTX_use_PrivateKey(context, chain.key.get()) == 1;
  if (!is_used) {
    problems.push_back({file, "cannot be used (" + take_error() + "): use an EC key, or RSA of 2048 bits or more"});
    return false;
  }
  for (const CertificatePtr& issuer : chain.issuers) SSL_CTX_add1_chain_cert(context, issuer.get());
  return true;
}

void trust(SSL_CTX* context, const std::vector<CertificatePtr>& authorities, const std::vector<RevocationsPtr>& revocations) {
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const CertificatePtr& authority : authorities) {
    X509_check_purpose(authority.get(), -1, 0);  // parses it now, for all threads: otherwise the first that needs it does
    X509_STORE_add_cert(store, authority.get());
  }
  for (const RevocationsPtr& list : revocations) X509_STORE_add_crl(store, list.get());
  // Of every authority on the way: one that published no list would otherwise vouch for the revoked.
  if (!revocations.empty()) X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  ERR_clear_error();
}

}  // namespace respgate::tls
