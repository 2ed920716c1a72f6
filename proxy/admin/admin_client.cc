#include "proxy/admin/admin_client.h"

#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "proxy/common/units.h"

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr std::uint64_t kMaxAnswerBytes = 512u << 20;  // of /clients, with a hundred thousand of them

http::request<http::string_body> message_of(const AdminQuestion& question) {
  http::request<http::string_body> message(http::string_to_verb(question.method), question.target, 11);
  // Accepted whatever admin.hosts says; names guard against web pages, and this is none.
  message.set(http::field::host, "localhost");
  message.set(http::field::user_agent, "respgate/" RESPGATE_VERSION);
  message.set(http::field::connection, "close");
  if (!question.token.empty()) message.set(http::field::authorization, "Bearer " + question.token);
  message.prepare_payload();
  return message;
}

AdminSilence silence(const AdminQuestion& question, const error_code& error, bool nobody_listens) {
  const bool timed_out = error == beast::error::timeout;
  const std::string why = timed_out ? "no answer within " + spell_duration(question.timeout) : error.message();
  return {"cannot ask " + question.address.text + ": " + why, nobody_listens};
}

// A listener's 0.0.0.0 or [::] can be dialled as it is: the system takes it for this machine.
std::vector<Protocol::endpoint> endpoints_of(const Address& address, error_code& error) {
  if (address.kind == Address::Kind::kUnix) return {Protocol::endpoint(asio::local::stream_protocol::endpoint(address.path))};
  asio::io_context io;
  std::vector<Protocol::endpoint> endpoints;
  for (const auto& entry : asio::ip::tcp::resolver(io).resolve(address.host, std::to_string(address.port), error))
    endpoints.emplace_back(entry.endpoint());
  return endpoints;
}

// The first that accepts; with none, why the last does not.
asio::awaitable<error_code> connect(Stream& stream, const std::vector<Protocol::endpoint>& endpoints) {
  error_code last = asio::error::host_not_found;
  for (const Protocol::endpoint& endpoint : endpoints) {
    auto [error] = co_await stream.async_connect(endpoint, kAwait);
    if (!error || error == beast::error::timeout) co_return error;
    last = error;
    error_code ignored;
    stream.socket().close(ignored);  // the next may be of another family
  }
  co_return last;
}

asio::awaitable<error_code> converse(Stream& stream, const AdminQuestion& question, AdminAnswer& answer) {
  const auto message = message_of(question);
  auto [write_error, written] = co_await http::async_write(stream, message, kAwait);
  if (write_error) co_return write_error;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  beast::flat_buffer buffer;
  auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kAwait);
  if (read_error) co_return read_error;
  answer.status = parser.get().result_int();
  answer.body = std::move(parser.get().body());
  co_return error_code();
}

asio::awaitable<AdminAnswerResult> exchange(AdminQuestion question) {
  error_code unresolved;
  const std::vector<Protocol::endpoint> endpoints = endpoints_of(question.address, unresolved);
  if (unresolved) co_return silence(question, unresolved, false);
  Stream stream(co_await asio::this_coro::executor);
  stream.expires_after(question.timeout);
  if (const error_code error = co_await connect(stream, endpoints); error) {
    const bool nobody = error == asio::error::connection_refused || error == boost::system::errc::no_such_file_or_directory;
    co_return silence(question, error, nobody);
  }
  AdminAnswer answer;
  if (const error_code error = co_await converse(stream, question, answer); error) co_return silence(question, error, false);
  co_return answer;
}

}  // namespace

AdminAnswerResult ask_admin(const AdminQuestion& question) {
  asio::io_context io(1);
  auto answer = asio::co_spawn(io, exchange(question), asio::use_future);
  io.run();
  return answer.get();
}

}  // namespace respgate::proxy
