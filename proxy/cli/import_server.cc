#include "proxy/cli/import_server.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <future>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "protocol/reply_elements.h"
#include "protocol/reply_scanner.h"
#include "protocol/reply_writer.h"
#include "proxy/common/log_text.h"
#include "proxy/common/unix_connect.h"
#include "tls/stream.h"

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using protocol::ReplyScanner;

// Of the list, and of one user's line in it: users.acl may not be larger either.
constexpr protocol::ReplyLimits kLimits{
    .depth = 2, .elements = 1u << 20, .bulk_bytes = 1u << 20, .line_bytes = 64 * 1024, .reply_bytes = 64u << 20};

struct Resolved {
  boost::system::error_code error;
  std::vector<asio::ip::tcp::endpoint> endpoints;
};

// Nothing can stop getaddrinfo(), so it has a thread that is left behind when the time is over.
std::future<Resolved> resolve(const std::string& host, std::uint16_t port) {
  std::promise<Resolved> promise;
  std::future<Resolved> answer = promise.get_future();
  std::thread([host, port, promise = std::move(promise)]() mutable {
    asio::io_context io{1};
    asio::ip::tcp::resolver resolver(io);
    Resolved resolved;
    for (const auto& entry : resolver.resolve(host, std::to_string(port), resolved.error)) resolved.endpoints.push_back(entry.endpoint());
    promise.set_value(std::move(resolved));
  }).detach();
  return answer;
}

// A connection on which one thing is asked after the other, and waited for.
class Conversation {
 public:
  explicit Conversation(const ServerSource& source) : source_(source), deadline_(Clock::now() + source.timeout) {}

  // Empty: connected, and encrypted where that is asked.
  std::string connect() {
    std::string why = source_.address.kind == Address::Kind::kUnix ? connect_unix() : connect_tcp();
    if (!why.empty() || !source_.tls) return why;
    stream_->begin_tls(source_.tls, source_.address.host);
    return shake_hands();
  }

  // The whole reply, as it came.  Empty: there is none, `why` says so.
  std::string ask(const std::vector<std::string>& words, std::string& why) {
    std::string request;
    protocol::append_array(request, words.size());
    for (const std::string& word : words) protocol::append_bulk(request, word);
    if (why = send(request); !why.empty()) return "";
    return receive(why);
  }

 private:
  // False: the time is over.
  template <typename Wait>
  bool wait(Wait&& start) {
    is_ready_ = false;
    start([this](const boost::system::error_code& error) {
      is_ready_ = true;
      error_ = error;
    });
    io_.restart();
    while (!is_ready_ && Clock::now() < deadline_) io_.run_one_until(deadline_);
    return is_ready_;
  }

  std::string connect_to(const asio::generic::stream_protocol::endpoint& endpoint) {
    tls::Socket socket(io_.get_executor());
    const bool in_time = wait([&](auto done) { socket.async_connect(endpoint, std::move(done)); });
    if (!in_time) return "does not answer";
    if (error_) return "cannot be reached: " + error_.message();
    stream_.emplace(std::move(socket));
    return "";
  }

  std::string connect_unix() {
    const asio::local::stream_protocol::endpoint endpoint(source_.address.path);
    tls::Socket socket(io_.get_executor());
    boost::system::error_code error;
    socket.open(endpoint.protocol(), error);
    if (!error) socket.native_non_blocking(true, error);
    for (UnixConnectPauses pauses; !error; std::this_thread::sleep_for(pauses.next())) {
      if (try_unix_connect(socket.native_handle(), endpoint, error)) {
        stream_.emplace(std::move(socket));
        return "";
      }
      if (!error && Clock::now() >= deadline_) return "does not answer";
    }
    return "cannot be reached: " + error.message();
  }

  std::string connect_tcp() {
    std::future<Resolved> answer = resolve(source_.address.host, source_.address.port);
    if (answer.wait_until(deadline_) != std::future_status::ready) return "is not resolved in time";
    const Resolved found = answer.get();
    if (found.error) return "cannot be resolved: " + found.error.message();
    std::string why = "has no address";
    for (const asio::ip::tcp::endpoint& endpoint : found.endpoints) {
      why = connect_to(asio::generic::stream_protocol::endpoint(endpoint));
      if (why.empty()) return "";
    }
    return why;
  }

  std::string shake_hands() {
    while (true) {
      const tls::Handshake step = stream_->handshake();
      if (step.state == tls::Handshake::State::kDone) return "";
      if (step.state == tls::Handshake::State::kFailed) return "TLS failed: " + step.why;
      const bool reads = step.state == tls::Handshake::State::kWantsRead;
      if (!(reads ? wait_readable() : wait_writable())) return "does not answer (TLS)";
    }
  }

  bool wait_readable() {
    return wait([&](auto done) { stream_->wait_readable(std::move(done)); });
  }
  bool wait_writable() {
    return wait([&](auto done) { stream_->wait_writable(std::move(done)); });
  }

  std::string send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ::iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // not written through
      const tls::Transfer sent = stream_->write(std::span(&part, 1));
      if (sent.error) return "broke the connection: " + sent.error.message();
      if (sent.blocked && !wait_writable()) return "does not read";
      bytes.remove_prefix(sent.bytes);
    }
    return "";
  }

  std::string receive(std::string& why) {
    std::string reply;
    ReplyScanner scanner(protocol::RespVersion::kResp2, kLimits);
    std::array<char, 64 * 1024> chunk{};
    while (true) {
      const tls::Transfer got = stream_->read(chunk);
      if (got.error) return why = "ended the connection: " + got.error.message(), "";
      if (got.blocked) {
        if (!wait_readable()) return why = "does not answer", "";
        continue;
      }
      reply.append(chunk.data(), got.bytes);
      const ReplyScanner::Status status = scanner.scan(reply);
      if (status == ReplyScanner::Status::kError) return why = "does not speak RESP: " + std::string(scanner.error()), "";
      // Something unasked behind it would be the reply to the next question.
      if (status == ReplyScanner::Status::kComplete && scanner.frame().wire.size() != reply.size())
        return why = "says more than it was asked", "";
      if (status == ReplyScanner::Status::kComplete) return reply;
    }
  }

  const ServerSource& source_;
  const Clock::time_point deadline_;
  asio::io_context io_{1};
  std::optional<tls::Stream> stream_;
  bool is_ready_ = false;
  boost::system::error_code error_;
};

// The words of an error reply; empty when it is none.
std::string error_in(std::string_view reply) {
  if (!reply.starts_with('-')) return "";
  return log_text(reply.substr(1, reply.find("\r\n") - 1));
}

// What a bulk holds.  REQUIRES: one whole reply.
std::optional<std::string> bulk_text(std::string_view wire) {
  if (!wire.starts_with('$') || wire.starts_with("$-")) return std::nullopt;
  wire.remove_prefix(wire.find("\r\n") + 2);
  return std::string(wire.substr(0, wire.size() - 2));
}

std::vector<std::string> login_words(const ServerSource& source) {
  if (source.user.empty()) return {"AUTH", source.password};
  return {"AUTH", source.user, source.password};
}

}  // namespace

boost::system::result<AclList, ImportProblem> fetch_acl_list(const ServerSource& source) {
  const std::string name = log_text(source.address.text);
  const auto problem = [&](const std::string& what) { return ImportProblem{{name + " " + what}}; };
  Conversation server(source);
  std::string why = server.connect();
  if (!why.empty()) return problem(why);
  if (!source.password.empty()) {
    const std::string reply = server.ask(login_words(source), why);
    if (!why.empty()) return problem(why);
    if (const std::string error = error_in(reply); !error.empty()) return problem("refuses the login: " + error);
  }
  const std::string reply = server.ask({"ACL", "LIST"}, why);
  if (!why.empty()) return problem(why);
  if (const std::string error = error_in(reply); !error.empty()) return problem("does not tell its users: " + error);
  const auto elements = protocol::array_elements(reply, protocol::RespVersion::kResp2);
  AclList list;
  for (const std::string_view element : elements.value_or(std::vector<std::string_view>())) {
    std::optional<std::string> line = bulk_text(element);
    if (!line) return problem("answers ACL LIST with something else than lines of text");
    list.lines.push_back(std::move(*line));
  }
  if (list.lines.empty()) return problem("answers ACL LIST with no user");
  return list;
}

ImportResult import_acl_list(const std::vector<std::string>& lines) {
  std::vector<ImportedUser> users;
  std::set<std::string> names;
  ImportProblem problem;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::string> words = rule_words(lines[i]);
    // "user  on …": the user without a name, whom nobody can log in as by accident alone.
    const bool is_nameless = lines[i].starts_with("user  ");
    if (!is_nameless && (words.size() < 2 || words.front() != "user")) {
      problem.what.push_back("line " + std::to_string(i + 1) + " of ACL LIST is not one of a user");
      continue;
    }
    ImportedUser user;
    if (!is_nameless) user.name = words[1];
    user.rules.assign(words.begin() + (is_nameless ? 1 : 2), words.end());
    const bool has_hash = std::any_of(user.rules.begin(), user.rules.end(), [](const std::string& rule) { return rule.starts_with('#'); });
    const bool nopass = take_state(user);
    using Login = ImportedUser::Login;
    user.login = nopass ? Login::kNoPassword : has_hash ? Login::kHashes : Login::kUnknownPassword;
    if (!names.insert(user.name).second) problem.what.push_back("ACL LIST has user '" + log_text(user.name) + "' twice");
    users.push_back(std::move(user));
  }
  if (!problem.what.empty()) return problem;
  return import_users(std::move(users));
}

}  // namespace respgate::proxy
