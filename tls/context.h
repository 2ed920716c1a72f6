// What TLS connections of one listener, or to one node, have in common: certificates,
// whom to trust, how old a protocol may be.  Built once from options and never changed;
// a new configuration makes a new one, and connections that are open keep theirs.
//
// Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "tls/certificate.h"
#include "tls/options.h"
#include "tls/ticket_keys.h"

namespace respgate::tls {

class ServerContext {
 public:
  using Digest = std::array<unsigned char, 32>;
  using Trust = std::shared_ptr<const Digest>;  // never null

  // For make_server_context().
  ServerContext(std::vector<SslContextPtr> contexts, std::vector<CertificateChain> chains, std::vector<CertificateFacts> facts,
                Trust trust);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // The server's end of a new connection; nullptr without memory.  This context must outlive it.
  SslPtr accept() const;

  const std::vector<CertificateFacts>& certificates() const { return facts_; }

  // Why a client with this certificate, which another context let in, would not be let in by this one: in OpenSSL's words,
  // as a failed handshake has them; empty: he would.  `issuers` is what he sent beside it; may be null.
  std::string why_not(X509& certificate, STACK_OF(X509) * issuers) const;
  // Contexts whose digests are equal let the same clients in, but for what time does to certificates.
  const Trust& trust() const { return trust_; }

 private:
  static int choose_by_name(SSL* ssl, int* alert, void* self);
  static int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int is_seal);

  std::vector<SslContextPtr> contexts_;   // one for each set of names; the first is for everybody else
  std::vector<CertificateChain> chains_;  // chains_[i] tells for which names contexts_[i] is
  std::vector<CertificateFacts> facts_;
  Trust trust_;
  mutable TicketKeys ticket_keys_;
};

using ServerContextPtr = std::shared_ptr<const ServerContext>;
using ServerContextResult = boost::system::result<ServerContextPtr, std::vector<Problem>>;

// TLS 1.2 and 1.3 with forward secrecy and AEAD only; no renegotiation, no compression, no early data, ALPN ignored.
// Tickets are given out unless client certificates are asked for: resuming one would skip the certificate, and with
// it expiry, revocation and the authorities trusted now.  `now`: seconds since 1970.
ServerContextResult make_server_context(const ServerOptions& options, std::int64_t now);

class ClientContext {
 public:
  ClientContext(SslContextPtr context, ClientOptions options, std::vector<CertificateFacts> facts = {});
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // The client's end of a new connection to `host`, whose name counts if the options have none.  Takes up the session
  // of an earlier one where the node allowed it.  nullptr without memory or without a name.  This context must outlive it.
  SslPtr connect(const std::string& host) const;

  // What it shows to the node; none, or one.
  const std::vector<CertificateFacts>& certificates() const { return facts_; }

 private:
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  bool prepare(SSL* ssl, const std::string& name) const;

  SslContextPtr context_;
  Verify verify_;
  std::string server_name_;
  std::vector<CertificateFacts> facts_;
  mutable std::mutex mutex_;
  mutable std::string session_;  // the newest ticket, as bytes since threads share no object; used once (RFC 8446 §C.4)
  mutable std::string session_name_;
};

using ClientContextPtr = std::shared_ptr<const ClientContext>;
using ClientContextResult = boost::system::result<ClientContextPtr, std::vector<Problem>>;

ClientContextResult make_client_context(ClientOptions options, std::int64_t now);

}  // namespace respgate::tls
