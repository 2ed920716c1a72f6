#include "proxy/admin/listener.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAfterFailedAccept{100};  // out of descriptors: they come back
constexpr std::uint32_t kSocketMode = 0600;

bool is_loopback_address(const Protocol::endpoint& local) {
  if (local.protocol().family() == AF_UNIX) return true;
  asio::ip::tcp::endpoint endpoint;
  endpoint.resize(local.size());
  std::memcpy(endpoint.data(), local.data(), local.size());
  return endpoint.address().is_loopback();
}

ListeningSocket open(const Address& address) {
  ListenerConfig wanted;
  wanted.address = address;
  wanted.unix_mode = kSocketMode;
  return std::move(open_listener(wanted, 1).front());
}

}  // namespace

AdminListener::AdminListener(asio::io_context& io, const Address& address, std::optional<ListeningSocket> given, const AdminLimits& limits)
    : io_(io), acceptor_(io), limits_(limits) {
  ListeningSocket socket = given ? std::move(*given) : open(address);
  port_ = local_port(socket.descriptor());
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  acceptor_.assign(Protocol(family, 0), socket.release());
  is_loopback_ = is_loopback_address(acceptor_.local_endpoint());
}

void AdminListener::start(std::shared_ptr<AdminRoutes> routes) {
  routes_ = std::move(routes);
  asio::co_spawn(io_, accept_loop(shared_from_this()), asio::detached);
}

void AdminListener::stop() {
  routes_.reset();
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& session : sessions_) session->close();
}

asio::awaitable<void> AdminListener::accept_loop(std::shared_ptr<AdminListener> self) {
  asio::steady_timer pause(self->io_);
  while (self->routes_) {
    auto [error, socket] = co_await self->acceptor_.async_accept(kAsTuple);
    if (!self->routes_) co_return;
    if (!error) {
      self->admit(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      spdlog::warn("admin connection not accepted error=\"{}\"", error.message());
      pause.expires_after(kAfterFailedAccept);
      co_await pause.async_wait(kAsTuple);
    }
  }
}

void AdminListener::admit(Protocol::socket socket) {
  if (sessions_.size() >= limits_.connections && !make_room()) return;  // closes it
  std::string peer = peer_address_text(socket.native_handle());
  const auto session = std::make_shared<AdminSession>(std::move(socket), std::move(peer), routes_, limits_);
  sessions_.push_back(session);
  session->start([self = shared_from_this(), session] { self->sessions_.remove(session); });
}

// Whoever connects and asks nothing, reads nothing or does not close must not keep a probe out: of those, the one that has
// been there longest goes.
bool AdminListener::make_room() {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [](const auto& session) { return session->waits_for_client(); });
  if (found == sessions_.end()) return false;
  (*found)->close();
  return true;
}

}  // namespace respgate::proxy
