// One HTTP connection to the admin port: reads a request, has it answered, writes the
// reply, until either side ends it.  What may be asked is AdminRoutes' business.
// Lives on the control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "proxy/admin/admin_server.h"
#include "proxy/admin/routes.h"

namespace respgate::proxy {

class AdminSession : public std::enable_shared_from_this<AdminSession> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  AdminSession(Socket socket, std::string peer, std::shared_ptr<AdminRoutes> routes, const AdminLimits& limits);

  // Serves the client; calls `ended` when that is over.
  void start(std::function<void()> ended);
  // The routes are not asked again.
  void close();
  // Is it the client's turn: to ask, to read its reply, to close its side when it has been told that nothing more comes?
  bool waits_for_client() const { return waits_for_client_ && routes_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  static Awaitable<void> run(std::shared_ptr<AdminSession> self, std::function<void()> ended);
  Awaitable<void> serve();
  Awaitable<AdminReply> ask(AdminRequest request);
  Awaitable<bool> write(AdminReply reply, bool is_head, bool keeps_alive);
  Awaitable<void> part();
  AdminRequest request_of(const Parser::value_type& message) const;

  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;
  std::string peer_;
  std::shared_ptr<AdminRoutes> routes_;  // null once closed
  AdminLimits limits_;
  bool waits_for_client_ = true;
};

}  // namespace respgate::proxy
