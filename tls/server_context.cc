#include <algorithm>
#include <array>
#include <chrono>
#include <new>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "tls/context.h"
#include "tls/context_setup.h"

namespace respgate::tls {
namespace {

std::int64_t steady_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void ask_for_certificates(SSL_CTX* context, const ServerOptions& options, const std::vector<CertificatePtr>& authorities) {
  const bool is_required = options.client_auth == ClientAuth::kRequire;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  for (const CertificatePtr& authority : authorities) SSL_CTX_add_client_CA(context, authority.get());
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
}

// Whatever resumes was begun here, and not with the one before or the listener beside it.
bool make_unmistakable(SSL_CTX* context) {
  std::array<unsigned char, SSL_MAX_SSL_SESSION_ID_LENGTH> id;
  return RAND_bytes(id.data(), static_cast<int>(id.size())) == 1 &&
         SSL_CTX_set_session_id_context(context, id.data(), static_cast<unsigned>(id.size())) == 1;
}

// Of all that decides which certificates are good; nullptr: OpenSSL gives no digest.
ServerContext::Trust trust_of(const ServerOptions& options) {
  std::string all;
  if (options.client_auth != ClientAuth::kNone) all = options.client_ca.text + '\0' + options.revocations.text;
  ServerContext::Digest digest{};
  if (EVP_Digest(all.data(), all.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) return nullptr;
  return std::make_shared<const ServerContext::Digest>(digest);
}

// Collects the certificates of one listener: those for the same names with keys of different kinds go together.
class Assembly {
 public:
  Assembly(const ServerOptions& options, std::int64_t now) : options_(options), now_(now) {
    if (options.client_auth == ClientAuth::kNone) return;
    authorities_ = read_authorities(options.client_ca, problems_);
    if (!options.revocations.file.empty()) revocations_ = read_revocations(options.revocations, now, problems_);
  }

  void add(const CertificateOptions& certificate) {
    const std::size_t before = problems_.size();
    CertificateChain chain = read_chain(certificate, now_, problems_);
    if (problems_.size() > before) return;
    CertificateFacts facts = facts_of(*chain.leaf, certificate.certificate.file);
    if (SSL_CTX* shared = context_for(facts, *chain.key)) {
      use_chain(shared, chain, certificate.certificate.file, problems_);
    } else if (SslContextPtr context = new_server_context()) {
      if (use_chain(context.get(), chain, certificate.certificate.file, problems_)) {
        contexts_.push_back(std::move(context));
        chains_.push_back(std::move(chain));
        first_facts_.push_back(facts_.size());
      }
    } else {
      problems_.push_back({certificate.certificate.file, "cannot be used: OpenSSL gives no context"});
    }
    facts_.push_back(std::move(facts));
  }

  ServerContextResult finish() {
    ServerContext::Trust trust = trust_of(options_);
    if (!trust) problems_.push_back({options_.client_ca.file, "cannot be used: OpenSSL gives no digest"});
    if (!problems_.empty()) return std::move(problems_);
    return std::make_shared<const ServerContext>(std::move(contexts_), std::move(chains_), std::move(facts_), std::move(trust));
  }

 private:
  // That of a certificate for the same names, if it has a key of another kind.  Without names nothing tells whether it
  // is the same server's.
  SSL_CTX* context_for(const CertificateFacts& facts, const EVP_PKEY& key) const {
    for (std::size_t i = 0; !facts.names.empty() && i < contexts_.size(); ++i) {
      const bool same_kind = EVP_PKEY_get_base_id(chains_[i].key.get()) == EVP_PKEY_get_base_id(&key);
      if (!same_kind && facts_[first_facts_[i]].names == facts.names) return contexts_[i].get();
    }
    return nullptr;
  }

  SslContextPtr new_server_context() const {
    SslContextPtr context = new_context(TLS_server_method(), options_.min_version);
    if (!context || !make_unmistakable(context.get())) return nullptr;
    if (options_.client_auth == ClientAuth::kNone) return context;
    trust(context.get(), authorities_, revocations_);
    ask_for_certificates(context.get(), options_, authorities_);
    return context;
  }

  const ServerOptions& options_;
  const std::int64_t now_;
  std::vector<CertificatePtr> authorities_;
  std::vector<RevocationsPtr> revocations_;
  std::vector<SslContextPtr> contexts_;
  std::vector<CertificateChain> chains_;
  std::vector<std::size_t> first_facts_;  // of contexts_[i], in facts_
  std::vector<CertificateFacts> facts_;
  std::vector<Problem> problems_;
};

}  // namespace

ServerContext::ServerContext(std::vector<SslContextPtr> contexts, std::vector<CertificateChain> chains, std::vector<CertificateFacts> facts,
                             Trust trust)
    : contexts_(std::move(contexts)),
      chains_(std::move(chains)),
      facts_(std::move(facts)),
      trust_(std::move(trust)),
      ticket_keys_(steady_seconds) {
  SSL_CTX* const first = contexts_.front().get();
  SSL_CTX_set_tlsext_servername_callback(first, choose_by_name);
  SSL_CTX_set_tlsext_servername_arg(first, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(first, use_ticket_key);
  SSL_CTX_set_timeout(first, TicketKeys::kLifetimeSeconds);
  // Not of each SSL, which would allocate a list for it; by then a connection may have come to any of them by its name.
  for (const SslContextPtr& context : contexts_)
    if (SSL_CTX_set_app_data(context.get(), this) != 1) throw std::bad_alloc();
}

SslPtr ServerContext::accept() const {
  SslPtr ssl(SSL_new(contexts_.front().get()));
  if (!ssl) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

// As OpenSSL does in a handshake: with the same authorities, lists, depth and strength.
std::string ServerContext::why_not(X509& certificate, STACK_OF(X509) * issuers) const {
  SSL_CTX* const trusting = contexts_.front().get();
  if ((SSL_CTX_get_verify_mode(trusting) & SSL_VERIFY_PEER) == 0) return "";  // certificates are not asked for any more
  const std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>> trial(X509_STORE_CTX_new());
  if (!trial || X509_STORE_CTX_init(trial.get(), SSL_CTX_get_cert_store(trusting), &certificate, issuers) != 1) return take_error();
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(trial.get()), SSL_CTX_get_security_level(trusting));
  X509_STORE_CTX_set_default(trial.get(), "ssl_client");
  X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(trial.get()), SSL_CTX_get0_param(trusting));
  const bool is_good = X509_verify_cert(trial.get()) == 1;
  ERR_clear_error();
  return is_good ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(trial.get()));
}

// Only the certificate changes with the name: who may come in, and how, is the same for all names of a listener.
int ServerContext::choose_by_name(SSL* ssl, int* /*alert*/, void* self) {
  const auto& context = *static_cast<const ServerContext*>(self);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (std::size_t i = 0; i < context.contexts_.size(); ++i) {
    if (X509_check_host(context.chains_[i].leaf.get(), name, 0, 0, nullptr) != 1) continue;
    if (i > 0) SSL_set_SSL_CTX(ssl, context.contexts_[i].get());
    ERR_clear_error();
    return SSL_TLSEXT_ERR_OK;
  }
  ERR_clear_error();
  return SSL_TLSEXT_ERR_NOACK;  // clients that dial an address or an alias get the first, and judge for themselves
}

int ServerContext::use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int is_seal) {
  const auto& context = *static_cast<const ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  return is_seal == 1 ? context.ticket_keys_.seal(name, iv, cipher, mac) : context.ticket_keys_.open(name, iv, cipher, mac);
}

ServerContextResult make_server_context(const ServerOptions& options, std::int64_t now) {
  Assembly assembly(options, now);
  for (const CertificateOptions& certificate : options.certificates) assembly.add(certificate);
  return assembly.finish();
}

}  // namespace respgate::tls
