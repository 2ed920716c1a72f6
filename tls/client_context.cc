#include <utility>

#include <openssl/err.h>

#include "tls/context.h"
#include "tls/context_setup.h"

namespace respgate::tls {
namespace {

void free_text(char* text) { OPENSSL_free(text); }

bool is_address(const std::string& name) {
  const std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>> address(a2i_IPADDRESS(name.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

// The system's authorities: a folder or file of OpenSSL's, or what SSL_CERT_FILE and SSL_CERT_DIR say.
void trust_system(SSL_CTX* context, std::vector<Problem>& problems) {
  if (SSL_CTX_set_default_verify_paths(context) == 1) return;
  problems.push_back({"the system's authorities", "cannot be read (" + take_error() + "): write ca_file"});
}

// Whom the connection is to, as connect() was told.
std::string name_of(SSL* ssl) {
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) return name;
  const std::unique_ptr<char, Freed<free_text>> address(X509_VERIFY_PARAM_get1_ip_asc(SSL_get0_param(ssl)));
  return address ? address.get() : "";
}

std::string bytes_of(SSL_SESSION* session) {
  const int size = i2d_SSL_SESSION(session, nullptr);
  std::string bytes(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  auto* at = reinterpret_cast<unsigned char*>(bytes.data());
  if (size > 0) i2d_SSL_SESSION(session, &at);
  return bytes;
}

// Without a session it is a whole handshake.
void resume(SSL* ssl, const std::string& bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>> session(
      bytes.empty() ? nullptr : d2i_SSL_SESSION(nullptr, &at, static_cast<long>(bytes.size())));
  if (session) SSL_set_session(ssl, session.get());
}

}  // namespace

ClientContextResult make_client_context(ClientOptions options, std::int64_t now) {
  std::vector<Problem> problems;
  SslContextPtr context = new_context(TLS_client_method(), Version::kTls12);
  if (!context) return std::vector<Problem>{{"OpenSSL", "gives no context"}};
  if (options.verify != Verify::kUnsafeNone) {
    options.system_ca ? trust_system(context.get(), problems) : trust(context.get(), read_authorities(options.ca, problems), {});
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  std::vector<CertificateFacts> facts;
  for (const CertificateOptions& own : options.certificate) {
    const std::size_t before = problems.size();
    const CertificateChain chain = read_chain(own, now, problems);
    if (problems.size() != before) continue;
    use_chain(context.get(), chain, own.certificate.file, problems);
    facts.push_back(facts_of(*chain.leaf, own.certificate.file));
  }
  if (!problems.empty()) return problems;
  return std::make_shared<const ClientContext>(std::move(context), std::move(options), std::move(facts));
}

ClientContext::ClientContext(SslContextPtr context, ClientOptions options, std::vector<CertificateFacts> facts)
    : context_(std::move(context)), verify_(options.verify), server_name_(std::move(options.server_name)), facts_(std::move(facts)) {
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
}

SslPtr ClientContext::connect(const std::string& host) const {
  const std::string& name = server_name_.empty() ? host : server_name_;
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || !prepare(ssl.get(), name)) return nullptr;
  SSL_set_app_data(ssl.get(), const_cast<ClientContext*>(this));  // keep_session() changes the session only, which locks
  SSL_set_connect_state(ssl.get());
  const std::lock_guard lock(mutex_);
  if (session_name_ == name) resume(ssl.get(), session_);
  session_.clear();
  return ssl;
}

bool ClientContext::prepare(SSL* ssl, const std::string& name) const {
  if (name.empty()) return false;  // to OpenSSL it would mean that any name will do
  const bool is_by_address = is_address(name);
  // An address is no server name (RFC 6066 §3).
  if (!is_by_address && SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return false;
  if (verify_ != Verify::kFull) return true;
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return (is_by_address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) : X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), 0)) == 1;
}

// Called for each ticket that the node gives.
int ClientContext::keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto& context = *static_cast<const ClientContext*>(SSL_get_app_data(ssl));
  if (SSL_SESSION_is_resumable(session) != 1) return 0;
  std::string name = name_of(ssl);
  const std::lock_guard lock(context.mutex_);
  context.session_ = bytes_of(session);
  context.session_name_ = std::move(name);
  return 0;  // it stays the connection's
}

}  // namespace respgate::tls
