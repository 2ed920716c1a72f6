// Opens what clients connect to.  TCP: one socket per worker with SO_REUSEPORT, after
// a probe without it has shown that nobody else has the port.  Unix: one socket that
// the workers share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/config/config.h"

namespace respgate::proxy {

// A listening file descriptor that closes itself.
class ListeningSocket {
 public:
  explicit ListeningSocket(int descriptor) : descriptor_(descriptor) {}
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;

  int descriptor() const { return descriptor_; }
  int family() const;  // AF_INET, AF_INET6 or AF_UNIX
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// One socket for each of `workers`.  Throws std::system_error whose text names the address and says what to do.
// A port of 0 is chosen by the system, the same for all workers.
std::vector<ListeningSocket> open_listener(const ListenerConfig& listener, std::size_t workers);

// The same socket under another descriptor.  Throws std::system_error.
ListeningSocket copy_of(int descriptor);
// Another socket for one more worker, beside one that open_listener() opened: of the same address and port.
ListeningSocket open_another(const ListeningSocket& first);

// "127.0.0.1:6379", "[::1]:6379", "/path:0": as CLIENT LIST writes addresses.
std::string local_address_text(int descriptor);
std::string peer_address_text(int descriptor);
// Nothing for unix sockets.
std::optional<Ip> peer_ip(int descriptor);
// The port the system chose; 0 for unix sockets.
std::uint16_t local_port(int descriptor);

}  // namespace respgate::proxy
