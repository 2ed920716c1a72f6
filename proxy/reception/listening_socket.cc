#include "proxy/reception/listening_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace respgate::proxy {
namespace {

constexpr int kBacklog = 4096;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::system_category(), what); }

// What to do about a bind() that failed with `error`.
std::string bind_advice(int error, const char* another) {
  switch (error) {
    case EADDRINUSE: return std::string(": stop what listens there, or choose another ") + another;
    case EADDRNOTAVAIL: return ": write an address of this machine";
    case ENOENT: return ": create the folder, or choose another path";
    case EACCES: return std::string(": respgate's user may not, so choose another ") + another;
    default: return "";
  }
}

// Room for any address; the kernel says how much of it counts.
struct SocketAddress {
  ::sockaddr_storage storage{};
  ::socklen_t size = sizeof(::sockaddr_storage);
  ::sockaddr* raw() { return reinterpret_cast<::sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  void set_port(std::uint16_t port) {
    if (family() == AF_INET) reinterpret_cast<::sockaddr_in*>(&storage)->sin_port = htons(port);
    if (family() == AF_INET6) reinterpret_cast<::sockaddr_in6*>(&storage)->sin6_port = htons(port);
  }
};

SocketAddress resolve_local(const Address& address) {
  ::addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  ::addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0)
    throw std::system_error(std::make_error_code(std::errc::address_not_available),
                            "cannot listen on " + address.text + " (" + ::gai_strerror(error) + "): write an address of this machine");
  const std::unique_ptr<::addrinfo, void (*)(::addrinfo*)> owner(found, ::freeaddrinfo);
  SocketAddress result;
  std::memcpy(&result.storage, found->ai_addr, found->ai_addrlen);
  result.size = found->ai_addrlen;
  return result;
}

ListeningSocket bind_tcp(SocketAddress& address, const std::string& text, bool share) {
  ListeningSocket socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.descriptor() < 0) fail("cannot open a socket for " + text);
  const int on = 1;
  ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share) ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.family() == AF_INET6) ::setsockopt(socket.descriptor(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.descriptor(), address.raw(), address.size) != 0) fail("cannot listen on " + text + bind_advice(errno, "port"));
  return socket;
}

void listen_on(const ListeningSocket& socket, const std::string& text) {
  if (::listen(socket.descriptor(), kBacklog) != 0) fail("cannot listen on " + text);
}

std::vector<ListeningSocket> open_tcp(const ListenerConfig& listener, std::size_t workers) {
  SocketAddress address = resolve_local(listener.address);
  // With SO_REUSEPORT alone two processes would quietly share the port.  Listening finds what only binding does not.
  if (listener.address.port != 0) listen_on(bind_tcp(address, listener.address.text, false), listener.address.text);
  std::vector<ListeningSocket> sockets;
  for (std::size_t i = 0; i < workers; ++i) {
    sockets.push_back(bind_tcp(address, listener.address.text, true));
    listen_on(sockets.back(), listener.address.text);
    if (i == 0 && listener.address.port == 0) address.set_port(local_port(sockets[0].descriptor()));
  }
  return sockets;
}

::sockaddr_un unix_address(const Address& address) {
  ::sockaddr_un result{};
  result.sun_family = AF_UNIX;
  if (address.path.size() >= sizeof result.sun_path)
    throw std::system_error(std::make_error_code(std::errc::filename_too_long),
                            "cannot listen on " + address.text + ": write a path of at most 107 bytes");
  std::memcpy(result.sun_path, address.path.data(), address.path.size());
  return result;
}

// A socket file that nobody listens on any more is in the way; anything else stays.
void remove_stale_socket(const ::sockaddr_un& address, const std::string& text) {
  struct ::stat status {};
  if (::lstat(address.sun_path, &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    errno = EEXIST;
    fail("cannot listen on " + text + ": the file there is not a socket; move it or write another path");
  }
  const ListeningSocket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (probe.descriptor() < 0) fail("cannot open a socket for " + text);
  if (::connect(probe.descriptor(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0) {
    errno = EADDRINUSE;
    fail("cannot listen on " + text + bind_advice(errno, "path"));
  }
  if (errno == ECONNREFUSED) ::unlink(address.sun_path);
}

std::vector<ListeningSocket> open_unix(const ListenerConfig& listener, std::size_t workers) {
  const ::sockaddr_un address = unix_address(listener.address);
  remove_stale_socket(address, listener.address.text);
  ListeningSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.descriptor() < 0) fail("cannot open a socket for " + listener.address.text);
  // The mode is set before the socket can be connected to: never open for a moment to those it is closed to.
  const ::mode_t before = ::umask(0777 & ~static_cast<::mode_t>(listener.unix_mode));
  const int bound = ::bind(socket.descriptor(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) fail("cannot listen on " + listener.address.text + bind_advice(errno, "path"));
  listen_on(socket, listener.address.text);
  std::vector<ListeningSocket> sockets;
  for (std::size_t i = 1; i < workers; ++i) sockets.push_back(copy_of(socket.descriptor()));
  sockets.push_back(std::move(socket));
  return sockets;
}

std::string address_text(const SocketAddress& address) {
  const auto* raw = reinterpret_cast<const ::sockaddr*>(&address.storage);
  if (const std::optional<Ip> ip = ip_of(raw)) {
    const bool is_v4 = address.family() == AF_INET;
    return to_string(*ip, ntohs(is_v4 ? reinterpret_cast<const ::sockaddr_in*>(raw)->sin_port
                                      : reinterpret_cast<const ::sockaddr_in6*>(raw)->sin6_port));
  }
  const auto* local = reinterpret_cast<const ::sockaddr_un*>(&address.storage);
  return std::string(local->sun_path, ::strnlen(local->sun_path, sizeof local->sun_path)) + ":0";
}

}  // namespace

ListeningSocket::~ListeningSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

int ListeningSocket::family() const {
  SocketAddress address;
  return ::getsockname(descriptor_, address.raw(), &address.size) == 0 ? address.family() : AF_UNSPEC;
}

std::vector<ListeningSocket> open_listener(const ListenerConfig& listener, std::size_t workers) {
  return listener.address.kind == Address::Kind::kUnix ? open_unix(listener, workers) : open_tcp(listener, workers);
}

ListeningSocket copy_of(int descriptor) {
  ListeningSocket copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  if (copy.descriptor() < 0) fail("cannot copy a socket");
  return copy;
}

ListeningSocket open_another(const ListeningSocket& first) {
  if (first.family() == AF_UNIX) return copy_of(first.descriptor());
  SocketAddress address;
  if (::getsockname(first.descriptor(), address.raw(), &address.size) != 0) fail("cannot tell where a socket listens");
  const std::string text = address_text(address);
  ListeningSocket socket = bind_tcp(address, text, true);
  listen_on(socket, text);
  return socket;
}

std::string local_address_text(int descriptor) {
  SocketAddress address;
  return ::getsockname(descriptor, address.raw(), &address.size) == 0 ? address_text(address) : "?:0";
}

std::string peer_address_text(int descriptor) {
  SocketAddress address;
  if (::getpeername(descriptor, address.raw(), &address.size) != 0) return "?:0";
  return address.family() == AF_UNIX ? local_address_text(descriptor) : address_text(address);
}

std::optional<Ip> peer_ip(int descriptor) {
  SocketAddress address;
  if (::getpeername(descriptor, address.raw(), &address.size) != 0) return std::nullopt;
  return ip_of(address.raw());
}

std::uint16_t local_port(int descriptor) {
  SocketAddress address;
  if (::getsockname(descriptor, address.raw(), &address.size) != 0) return 0;
  if (address.family() == AF_INET) return ntohs(reinterpret_cast<::sockaddr_in*>(&address.storage)->sin_port);
  if (address.family() == AF_INET6) return ntohs(reinterpret_cast<::sockaddr_in6*>(&address.storage)->sin6_port);
  return 0;
}

}  // namespace respgate::proxy
