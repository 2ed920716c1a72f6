// Stands in for AWS on loopback, within the test's own io_context: an HTTP server that
// answers with what the test says, and remembers what it was asked.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace respgate::proxy {

class FakeAws {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  struct Reply {
    unsigned status = 200;
    std::string body;
    bool hangs = false;  // takes the request and says nothing
  };

  // With `tls`, which outlives it, over HTTPS.
  explicit FakeAws(boost::asio::io_context& io, boost::asio::ssl::context* tls = nullptr)
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}), tls_(tls) {
    boost::asio::co_spawn(io, accept(), boost::asio::detached);
  }

  std::string address(std::string_view host = "127.0.0.1") const {
    return std::string(tls_ != nullptr ? "https://" : "http://") + std::string(host) + ":" +
           std::to_string(acceptor_.local_endpoint().port());
  }
  void answers(std::function<Reply(const Request&)> answer) { answer_ = std::move(answer); }
  // One after the other; the last one for ever.
  void answers(std::vector<Reply> replies) {
    answer_ = [queue = std::deque<Reply>(replies.begin(), replies.end())](const Request&) mutable {
      Reply reply = queue.front();
      if (queue.size() > 1) queue.pop_front();
      return reply;
    };
  }
  const std::vector<Request>& asked() const { return asked_; }

 private:
  static constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
  using Stream = boost::beast::tcp_stream;

  boost::asio::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (error) co_return;
      boost::asio::co_spawn(acceptor_.get_executor(), welcome(Stream(std::move(socket))), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> welcome(Stream stream) {
    if (tls_ == nullptr) co_return co_await serve(stream);
    boost::beast::ssl_stream<Stream> secure(std::move(stream), *tls_);
    auto [error] = co_await secure.async_handshake(boost::asio::ssl::stream_base::server, kAwait);
    if (!error) co_await serve(secure);
  }

  template <typename Any>
  boost::asio::awaitable<void> serve(Any& stream) {
    boost::beast::flat_buffer buffer;
    Request request;
    auto [error, bytes] = co_await boost::beast::http::async_read(stream, buffer, request, kAwait);
    if (error) co_return;
    asked_.push_back(request);
    const Reply reply = answer_(request);
    if (reply.hangs) {
      co_await boost::beast::http::async_read(stream, buffer, request, kAwait);  // until the client gives up
      co_return;
    }
    boost::beast::http::response<boost::beast::http::string_body> message(boost::beast::http::int_to_status(reply.status), 11);
    message.body() = reply.body;
    message.prepare_payload();
    co_await boost::beast::http::async_write(stream, message, kAwait);
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ssl::context* tls_;
  std::function<Reply(const Request&)> answer_;
  std::vector<Request> asked_;
};

}  // namespace respgate::proxy
