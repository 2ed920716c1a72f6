// One address of the admin port: accepts connections and keeps their number in bounds.
// Lives on the control thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include "proxy/admin/session.h"
#include "proxy/reception/listening_socket.h"

namespace respgate::proxy {

class AdminListener : public std::enable_shared_from_this<AdminListener> {
 public:
  // Binds and listens, unless a socket is given that does; throws std::system_error naming the address.  A unix
  // socket is for its owner only (0600).
  AdminListener(boost::asio::io_context& io, const Address& address, std::optional<ListeningSocket> given, const AdminLimits& limits);

  // Can only this machine connect?  Judged by what the address turned out to be, not by its name.
  bool is_loopback() const { return is_loopback_; }
  std::uint16_t port() const { return port_; }  // 0: a unix socket
  // Throws std::system_error.
  ListeningSocket copy_socket() { return copy_of(acceptor_.native_handle()); }

  void start(std::shared_ptr<AdminRoutes> routes);
  void stop();

 private:
  using Protocol = boost::asio::generic::stream_protocol;

  static boost::asio::awaitable<void> accept_loop(std::shared_ptr<AdminListener> self);
  void admit(Protocol::socket socket);
  bool make_room();

  boost::asio::io_context& io_;
  boost::asio::basic_socket_acceptor<Protocol> acceptor_;
  AdminLimits limits_;
  bool is_loopback_ = false;
  std::uint16_t port_ = 0;
  std::shared_ptr<AdminRoutes> routes_;                // null before start() and after stop()
  std::list<std::shared_ptr<AdminSession>> sessions_;  // in the order in which they came
};

}  // namespace respgate::proxy
