#include "proxy/aws/http.h"

#include <memory>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t kMaxReplyBytes = 64 * 1024;
constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;

using Message = http::request<http::string_body>;
using Endpoints = asio::ip::tcp::resolver::results_type;

Message message_of(AwsHttpRequest request) {
  Message message(http::string_to_verb(request.method), request.url.target, 11);
  message.set(http::field::host, request.url.authority());
  message.set(http::field::user_agent, "respgate/" RESPGATE_VERSION);
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  message.body() = std::move(request.body);
  message.prepare_payload();  // GET without a body has no Content-Length, PUT has one
  return message;
}

AwsHttpProblem problem(const AwsUrl& url, const error_code& error) {
  const bool timed_out = error == beast::error::timeout || error == asio::error::operation_aborted;
  return {"cannot ask " + url.authority() + ": " + (timed_out ? "timed out" : error.message())};
}

// A name that is not answered for is given up at the deadline too.
asio::awaitable<error_code> resolve(const AwsUrl& url, Clock::time_point deadline, Endpoints& found) {
  const auto executor = co_await asio::this_coro::executor;
  // The timer's handler may be on its way when the answer comes: it must not outlive what it cancels.
  const auto resolver = std::make_shared<asio::ip::tcp::resolver>(executor);
  asio::steady_timer timer(executor, deadline);
  timer.async_wait([resolver](const error_code& cancelled) {
    if (!cancelled) resolver->cancel();
  });
  const std::string port = std::to_string(url.port);
  auto [error, results] = co_await resolver->async_resolve(url.host, port, kAwait);
  found = std::move(results);
  co_return error;
}

template <typename Stream>
asio::awaitable<error_code> ask(Stream& stream, const Message& message, AwsHttpReply& reply) {
  auto [write_error, written] = co_await http::async_write(stream, message, kAwait);
  if (write_error) co_return write_error;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxReplyBytes);
  parser.header_limit(kMaxHeaderBytes);
  beast::flat_buffer buffer(kMaxReplyBytes + kMaxHeaderBytes);
  auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kAwait);
  if (read_error) co_return read_error;
  reply.status = parser.get().result_int();
  reply.body = std::move(parser.get().body());
  co_return error_code();
}

error_code trust(asio::ssl::context& context, const std::string& ca_file) {
  error_code error;
  ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(asio::ssl::verify_peer);
  if (ca_file.empty())
    context.set_default_verify_paths(error);
  else
    context.load_verify_file(ca_file, error);
  return error;
}

asio::awaitable<error_code> ask_over_tls(beast::tcp_stream connected, const AwsUrl& url, const Message& message, const std::string& ca_file,
                                         AwsHttpReply& reply) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  if (const error_code error = trust(context, ca_file); error) co_return error;
  beast::ssl_stream<beast::tcp_stream> stream(std::move(connected), context);
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
  ::SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, kAwait);
  if (error) co_return error;
  co_return co_await ask(stream, message, reply);
}

asio::awaitable<error_code> connect_and_ask(AwsHttpRequest request, const AwsHttpLimits& limits, AwsHttpReply& reply) {
  const Clock::time_point deadline = Clock::now() + limits.timeout;
  const AwsUrl url = request.url;
  const Message message = message_of(std::move(request));
  Endpoints endpoints;
  const error_code unresolved = co_await resolve(url, deadline, endpoints);
  if (unresolved) co_return unresolved;
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_at(deadline);
  auto [unconnected, endpoint] = co_await stream.async_connect(endpoints, kAwait);
  if (unconnected) co_return unconnected;
  if (url.is_https) co_return co_await ask_over_tls(std::move(stream), url, message, limits.ca_file, reply);
  co_return co_await ask(stream, message, reply);
}

}  // namespace

asio::awaitable<AwsHttpResult> exchange_http(AwsHttpRequest request, AwsHttpLimits limits) {
  const AwsUrl url = request.url;
  AwsHttpReply reply;
  const error_code error = co_await connect_and_ask(std::move(request), limits, reply);
  if (error) co_return AwsHttpResult(problem(url, error));
  co_return AwsHttpResult(std::move(reply));
}

}  // namespace respgate::proxy
