#include "bench/answerer/wire.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include <openssl/err.h>

namespace respgate::bench {
namespace {

int int_size(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max())); }

}  // namespace

TlsWire::Settings TlsWire::load(const std::string& certificate_file, const std::string& key_file) {
  Settings settings(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* const context = settings.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) == 1 &&
      SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(context) == 1) {
    return settings;
  }
  ERR_print_errors_fp(stderr);
  return nullptr;
}

TlsWire::TlsWire(int fd, const Settings& settings) : ssl_(SSL_new(settings.get()), SSL_free) {
  SSL_set_fd(ssl_.get(), fd);
  SSL_set_accept_state(ssl_.get());
}

Moved TlsWire::read(std::span<char> into) { return moved(SSL_read(ssl_.get(), into.data(), int_size(into.size()))); }

Moved TlsWire::write(std::string_view bytes) { return moved(SSL_write(ssl_.get(), bytes.data(), int_size(bytes.size()))); }

// A read that waits to write, or the reverse, is one in a handshake or a renegotiation: the answers to a handshake fit into
// any socket, and there are no renegotiations.
Moved TlsWire::moved(int result) {
  if (result > 0) return result;
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? kWouldBlock : kOver;
}

}  // namespace respgate::bench
