#include "proxy/server/takeover.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "proxy/server/takeover_wire.h"

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How long a new process may take from its first word to serving.
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kAfterFailedAccept{100};  // out of descriptors: they come back

std::string_view word_for(SocketRole role) {
  switch (role) {
    case SocketRole::kListener: return "listener";
    case SocketRole::kAdmin: return "admin";
    case SocketRole::kHealth: return "health";
  }
  return "";
}

[[noreturn]] void fail(const std::string& path, const std::string& advice = "") {
  throw std::system_error(errno, std::system_category(), "shutdown.takeover_socket " + path + advice);
}

bool is_answered(const ::sockaddr_un& address) {
  const ListeningSocket probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  return probe.descriptor() >= 0 && ::connect(probe.descriptor(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0;
}

// Bound beside its place and then moved there: never is nobody at the place, and a process that is being replaced
// keeps the socket it has.
ListeningSocket open_offer(const std::string& path, bool replaces) {
  const ::sockaddr_un place = takeover_address(path);
  if (!replaces && is_answered(place)) {
    errno = EADDRINUSE;
    fail(path, ": another respgate offers its sockets there: start with --takeover, or write another path");
  }
  struct ::stat status {};
  if (::lstat(place.sun_path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
    errno = EEXIST;
    fail(path, ": the file there is not a socket; move it or write another path");
  }
  const std::string beside = path + ".new";
  const ::sockaddr_un address = takeover_address(beside);
  ListeningSocket socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.descriptor() < 0) fail(path);
  ::unlink(beside.c_str());
  const ::mode_t before = ::umask(0177);
  const int bound = ::bind(socket.descriptor(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0 || ::listen(socket.descriptor(), 4) != 0) fail(path);
  if (std::rename(beside.c_str(), path.c_str()) != 0) fail(path);
  return socket;
}

bool send_group(int connection, const SocketGroup& group) {
  const std::string name = group.role == SocketRole::kListener ? group.name : "-";
  const std::string text = std::string(word_for(group.role)) + ' ' + name + ' ' + group.address;
  std::vector<int> descriptors;
  for (const ListeningSocket& socket : group.sockets) {
    descriptors.push_back(socket.descriptor());
    if (descriptors.size() < kTakeoverDescriptors && &socket != &group.sockets.back()) continue;
    if (!send_packet(connection, text, descriptors)) return false;
    descriptors.clear();
  }
  return true;
}

}  // namespace

class TakeoverOffer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, ListeningSocket socket, Backend backend)
      : backend_(std::move(backend)), offer_(io, socket.release()), pause_(io), heir_(io), timer_(io) {}

  void start() {
    offer_.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this()](const error_code& error) {
      if (error || self->is_stopped_) return;
      self->accept() ? self->start() : self->start_later();
    });
  }

  void stop() {
    is_stopped_ = true;
    error_code ignored;
    offer_.close(ignored);
    pause_.cancel();
    dismiss();
  }

 private:
  // Who could not be accepted goes on waiting, so that the socket stays readable.
  void start_later() {
    pause_.expires_after(kAfterFailedAccept);
    pause_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled && !self->is_stopped_) self->start();
    });
  }

  // False: nobody can be accepted just now.
  bool accept() {
    ListeningSocket connection(::accept4(offer_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.descriptor() >= 0) {
      receive(std::move(connection));
      return true;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return true;
    spdlog::warn("takeover connection not accepted reason=\"{}\"", std::generic_category().message(errno));
    return false;
  }

  void receive(ListeningSocket connection) {
    if (heir_.is_open()) return;  // one at a time; another is told by being closed
    if (!is_peer_trusted(connection.descriptor())) return spdlog::warn("takeover refused reason=\"another user\"");
    heir_.assign(connection.release());
    const std::uint64_t number = ++heirs_;
    timer_.expires_after(kPatience);
    timer_.async_wait([self = shared_from_this(), number](const error_code& cancelled) {
      if (!cancelled && number == self->heirs_ && self->heir_.is_open()) self->lose("it took too long");
    });
    listen_to_heir();
  }

  void listen_to_heir() {
    heir_.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this(), number = heirs_](const error_code& error) {
      if (!error && !self->is_stopped_ && number == self->heirs_ && self->heir_.is_open()) self->on_packet();
    });
  }

  void on_packet() {
    const std::optional<TakeoverPacket> packet = receive_packet(heir_.native_handle());
    if (!packet && errno == EAGAIN) return listen_to_heir();
    if (!packet) return lose(errno == 0 ? "it left before it served" : std::generic_category().message(errno));
    if (packet->text == kTakeoverHello && !has_asked_) {
      has_asked_ = true;
      backend_.collect([self = shared_from_this(), number = heirs_](const std::vector<SocketGroup>& groups) {
        if (!self->is_stopped_ && number == self->heirs_ && self->heir_.is_open()) self->give(groups);
      });
      return listen_to_heir();
    }
    if (packet->text != kTakeoverServing || !has_given_) return lose("it speaks another version");
    spdlog::info("taken over");
    dismiss();
    backend_.on_taken();
  }

  void give(const std::vector<SocketGroup>& groups) {
    if (groups.empty()) return lose("there are no sockets to give");
    const int connection = heir_.native_handle();
    for (const SocketGroup& group : groups)
      if (!send_group(connection, group)) return lose(std::generic_category().message(errno));
    if (!send_packet(connection, kTakeoverEnd, {})) return lose(std::generic_category().message(errno));
    has_given_ = true;
  }

  void lose(const std::string& why) {
    spdlog::warn("takeover failed, this process goes on reason=\"{}\"", why);
    dismiss();
  }

  void dismiss() {
    error_code ignored;
    heir_.close(ignored);
    timer_.cancel();
    has_asked_ = has_given_ = false;
  }

  const Backend backend_;
  asio::posix::stream_descriptor offer_;
  asio::steady_timer pause_;
  asio::posix::stream_descriptor heir_;  // not open: there is none
  asio::steady_timer timer_;
  std::uint64_t heirs_ = 0;
  bool has_asked_ = false;
  bool has_given_ = false;
  bool is_stopped_ = false;
};

TakeoverOffer::TakeoverOffer(asio::io_context& io, const std::string& path, bool replaces, Backend backend)
    : impl_(std::make_shared<Impl>(io, open_offer(path, replaces), std::move(backend))) {
  impl_->start();
}

// NOLINTNEXTLINE(bugprone-exception-escape): to cancel a timer is the only thing in it that could throw, and does not.
TakeoverOffer::~TakeoverOffer() { stop(); }

void TakeoverOffer::stop() { impl_->stop(); }

}  // namespace respgate::proxy
