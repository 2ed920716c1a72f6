// How a lane comes to have a connection: resolve, try every address, set what makes
// a dead peer noticed.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "proxy/common/clock.h"
#include "proxy/common/unix_connect.h"
#include "proxy/lane/lane.h"

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

void set_option(int socket, int level, int name, int value) { ::setsockopt(socket, level, name, &value, sizeof value); }

// The kernel asks a quiet peer whether it is still there; Lane::peer_is_dead watches the others.
void notice_dead_peer(int socket, Milliseconds dead_peer) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  const int seconds = std::max(1, static_cast<int>(dead_peer.count() / 1000));
  const int interval = std::max(1, seconds / 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, std::max(1, seconds / 2));
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, interval);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, std::max(1, (seconds - seconds / 2) / interval));
}

}  // namespace

void Lane::start(std::int64_t now_ms) {
  dial_deadline_ms_ = now_ms + settings_->connect_timeout.count();
  last_used_ms_ = progress_ms_ = now_ms;
  // A connection that cannot log in only costs the node one.
  if (std::string why = newest_login().missing(unix_s()); !why.empty()) return wait_for_login(std::move(why));
  asio::co_spawn(io_, dial(shared_from_this()), asio::detached);
}

asio::awaitable<void> Lane::dial(std::shared_ptr<Lane> self) {
  co_await asio::post(self->io_, asio::use_awaitable);  // nothing ends, or begins, before start() has returned
  if (self->state_ == State::kEnded) co_return;
  std::string why;
  const bool connected =
      self->settings_->address.kind == Address::Kind::kUnix ? co_await self->dial_unix(why) : co_await self->dial_tcp(why);
  if (self->state_ == State::kEnded) co_return;  // the deadline was faster
  if (!connected) co_return self->end(LaneEnd::kUnreachable, why);
  self->stream_.emplace(std::move(*self->dialling_));
  self->dialling_.reset();
  const bool is_plain = !self->settings_->tls || self->settings_->address.kind == Address::Kind::kUnix;
  if (is_plain) co_return self->begin();
  self->stream_->begin_tls(self->settings_->tls, self->settings_->address.host);
  self->shake_hands();
}

// Connected, and encrypted where that is asked: there is no way on that leaves it out.
void Lane::begin() {
  greet();
  if (state_ != State::kEnded) wait_readable();
}

void Lane::shake_hands() {
  if (state_ == State::kEnded) return;
  const tls::Handshake step = stream_->handshake();
  const auto retry = [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->shake_hands();
  };
  switch (step.state) {
    case tls::Handshake::State::kDone: return begin();
    case tls::Handshake::State::kFailed:
      return end(LaneEnd::kUnreachable,
                 "TLS failed (see upstream.tls: ca_file, server_name) with " + settings_->address.text + ": " + step.why);
    case tls::Handshake::State::kWantsRead: return stream_->wait_readable(retry);
    case tls::Handshake::State::kWantsWrite: return stream_->wait_writable(retry);
  }
}

asio::awaitable<bool> Lane::dial_tcp(std::string& why) {
  asio::ip::tcp::resolver resolver(io_);
  auto [failed, found] = co_await resolver.async_resolve(settings_->address.host, std::to_string(settings_->address.port), kAwait);
  if (failed) why = "cannot resolve " + settings_->address.host + ": " + failed.message();
  for (const auto& entry : found) {
    if (state_ == State::kEnded) co_return false;
    dialling_.emplace(io_.get_executor());
    auto [error] = co_await dialling_->async_connect(asio::generic::stream_protocol::endpoint(entry.endpoint()), kAwait);
    if (!error && state_ != State::kEnded) {
      notice_dead_peer(dialling_->native_handle(), settings_->dead_peer);
      co_return true;
    }
    why = "cannot connect to " + settings_->address.text + ": " + error.message();
  }
  co_return false;
}

asio::awaitable<bool> Lane::dial_unix(std::string& why) {
  const asio::local::stream_protocol::endpoint endpoint(settings_->address.path);
  dialling_.emplace(io_.get_executor());
  boost::system::error_code error;
  dialling_->open(endpoint.protocol(), error);
  if (!error) dialling_->native_non_blocking(true, error);
  asio::steady_timer room(io_);
  UnixConnectPauses pauses;
  while (!error) {
    if (try_unix_connect(dialling_->native_handle(), endpoint, error)) co_return true;
    if (error) break;
    room.expires_after(pauses.next());
    co_await room.async_wait(kAwait);
    if (state_ == State::kEnded) co_return false;
  }
  why = "cannot connect to " + settings_->address.text + ": " + error.message();
  co_return false;
}

}  // namespace respgate::proxy
