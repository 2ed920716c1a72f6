#include "tls/handshake_remains.h"

#include <openssl/err.h>

namespace respgate::tls {
namespace {

// The connection's reference to it stays, so that what is freed is what it holds: a key that is given no type has nothing.
void empty(EVP_PKEY* key) {
  const KeyPtr ours(key);
  EVP_PKEY_set_type(key, EVP_PKEY_NONE);  // finds no such type, after it has emptied the key
}

}  // namespace

void forget_handshake(SSL* ssl) {
  EVP_PKEY* key = nullptr;
  if (SSL_get_tmp_key(ssl, static_cast<void*>(&key)) == 1) empty(key);
  if (SSL_get_peer_tmp_key(ssl, static_cast<void*>(&key)) == 1) empty(key);
  SSL_SESSION* const session = SSL_get_session(ssl);
  if (SSL_is_server(ssl) == 1 && SSL_version(ssl) >= TLS1_3_VERSION && session != nullptr) SSL_SESSION_set1_hostname(session, nullptr);
  ERR_clear_error();
}

}  // namespace respgate::tls
