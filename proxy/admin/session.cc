#include "proxy/admin/session.h"

#include <array>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxPartingBytes = 1024 * 1024;

AdminReply too_large(unsigned status) { return {.status = status, .body = "too large\n", .refused = RefusedRequest::kTooLarge}; }

// What to tell a client whose request could not be read; nullopt: nothing, it is gone or too slow.
std::optional<AdminReply> reply_to(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return too_large(431);
  if (error == http::error::body_limit) return too_large(413);
  const bool is_gone = error == http::error::end_of_stream || error == http::error::partial_message;
  const error_code any_http_error = http::error::end_of_stream;
  if (is_gone || error.category() != any_http_error.category()) return std::nullopt;
  return AdminReply{.status = 400, .body = "not a request that can be understood\n", .refused = RefusedRequest::kMalformed};
}

// The value of a header that is there exactly once.
template <typename Message>
std::string only(const Message& message, http::field field) {
  const auto [first, last] = message.equal_range(field);
  if (first == last || std::next(first) != last) return {};
  return std::string(first->value());
}

// A reply that comes now, later, or never.
struct Waiting {
  explicit Waiting(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  std::optional<AdminReply> reply;
};

}  // namespace

AdminSession::AdminSession(Socket socket, std::string peer, std::shared_ptr<AdminRoutes> routes, const AdminLimits& limits)
    : stream_(std::move(socket)),
      buffer_(2 * limits.request_bytes),  // room for a head that is just too large to be refused as such
      peer_(std::move(peer)),
      routes_(std::move(routes)),
      limits_(limits) {}

void AdminSession::start(std::function<void()> ended) {
  asio::co_spawn(stream_.get_executor(), run(shared_from_this(), std::move(ended)), asio::detached);
}

void AdminSession::close() {
  routes_.reset();
  stream_.close();
}

asio::awaitable<void> AdminSession::run(std::shared_ptr<AdminSession> self, std::function<void()> ended) {
  co_await self->serve();
  self->close();
  ended();
}

asio::awaitable<void> AdminSession::serve() {
  bool keeps_alive = true;
  while (keeps_alive && routes_) {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits_.request_bytes));
    parser.body_limit(limits_.request_bytes);
    stream_.expires_after(limits_.client_timeout);
    const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kAsTuple);
    if (error) {
      std::optional<AdminReply> refusal = reply_to(error);
      if (!refusal || !routes_) co_return;
      routes_->note(*refusal);
      const bool is_told = co_await write(std::move(*refusal), false, false);
      if (is_told) co_await part();
      co_return;
    }
    keeps_alive = parser.get().keep_alive();
    const bool is_head = parser.get().method() == http::verb::head;
    waits_for_client_ = false;
    AdminReply reply = co_await ask(request_of(parser.get()));
    waits_for_client_ = true;
    const bool is_told = co_await write(std::move(reply), is_head, keeps_alive);
    if (!is_told) co_return;
  }
  co_await part();
}

AdminRequest AdminSession::request_of(const Parser::value_type& message) const {
  AdminRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.host = only(message, http::field::host);
  request.authorization = only(message, http::field::authorization);
  request.peer = peer_;
  return request;
}

asio::awaitable<AdminReply> AdminSession::ask(AdminRequest request) {
  auto routes = routes_;  // a drain may end in close() before it returns
  if (!routes) co_return AdminReply{.status = 503, .body = "stopping\n"};
  const auto waiting = std::make_shared<Waiting>(stream_.get_executor());
  waiting->timer.expires_after(limits_.backend_timeout);
  routes->answer(std::move(request), [waiting](AdminReply reply) {
    if (waiting->reply) return;
    waiting->reply = std::move(reply);
    waiting->timer.cancel();
  });
  routes.reset();  // nothing is audited for us once we are closed
  if (!waiting->reply) co_await waiting->timer.async_wait(kAsTuple);
  if (!waiting->reply) co_return AdminReply{.status = 504, .body = "the workers did not answer in time\n"};
  co_return std::move(*waiting->reply);
}

asio::awaitable<bool> AdminSession::write(AdminReply reply, bool is_head, bool keeps_alive) {
  http::response<http::string_body> response(static_cast<http::status>(reply.status), 11);
  response.set(http::field::content_type, reply.type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Content-Security-Policy", reply.policy.empty() ? "default-src 'none'; frame-ancestors 'none'" : reply.policy);
  if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
  if (!reply.authenticate.empty()) response.set(http::field::www_authenticate, reply.authenticate);
  response.keep_alive(keeps_alive);
  response.content_length(reply.body.size());
  if (!is_head) response.body() = std::move(reply.body);
  stream_.expires_after(limits_.client_timeout);
  const auto [error, size] = co_await http::async_write(stream_, response, kAsTuple);
  co_return !error;
}

// A socket closed with bytes unread is reset, and takes the last reply with it: so say
// that nothing more comes, and read what is still on its way.
asio::awaitable<void> AdminSession::part() {
  error_code ignored;
  stream_.socket().shutdown(Socket::shutdown_send, ignored);
  stream_.expires_after(limits_.client_timeout);
  std::array<char, 4096> bytes{};
  for (std::size_t total = 0; total < kMaxPartingBytes;) {
    const auto [error, size] = co_await stream_.async_read_some(asio::buffer(bytes), kAsTuple);
    if (error) co_return;
    total += size;
  }
}

}  // namespace respgate::proxy
