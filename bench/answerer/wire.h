// The two ways to a client: a plain socket, and OpenSSL on the socket itself as a proxy would set it up for many clients
// (read-ahead, buffers released while idle).  Neither owns the socket.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace respgate::bench {

// Bytes moved; or one of these two.
using Moved = long;
inline constexpr Moved kWouldBlock = 0;
inline constexpr Moved kOver = -1;

class PlainWire {
 public:
  struct Settings {};
  PlainWire(int fd, const Settings&) : fd_(fd) {}

  Moved read(std::span<char> into) { return moved(recv(fd_, into.data(), into.size(), 0), kOver); }
  Moved write(std::string_view bytes) { return moved(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), kWouldBlock); }
  // Has more been read from the socket than read() gave?
  bool holds_more() const { return false; }

 private:
  static Moved moved(ssize_t result, Moved nothing) {
    if (result > 0) return result;
    if (result == 0) return nothing;
    return errno == EAGAIN || errno == EINTR ? kWouldBlock : kOver;
  }

  int fd_;
};

class TlsWire {
 public:
  using Settings = std::shared_ptr<SSL_CTX>;
  // Null, with OpenSSL's words on stderr, when the files are not a certificate and its key.
  static Settings load(const std::string& certificate_file, const std::string& key_file);

  TlsWire(int fd, const Settings& settings);

  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);
  bool holds_more() const { return SSL_pending(ssl_.get()) > 0 || SSL_has_pending(ssl_.get()) == 1; }

 private:
  Moved moved(int result);

  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

}  // namespace respgate::bench
