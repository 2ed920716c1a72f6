#include "tls/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace respgate::tls {
namespace {

Transfer outcome_of(ssize_t result) {
  if (result > 0) return {static_cast<std::size_t>(result), false, {}};
  if (result == 0) return {0, false, boost::asio::error::eof};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {0, true, {}};
  return {0, false, error_code(errno, boost::system::system_category())};
}

}  // namespace

Stream::Stream(Socket socket) : socket_(std::move(socket)) {}

void Stream::call_soon(WaitHandler handler) {
  boost::asio::post(socket_.io(), [handler = std::move(handler)]() mutable { handler({}); });
}

void Stream::begin_tls(ServerContextPtr context) { channel_ = std::make_unique<Channel>(socket_.get(), std::move(context)); }

void Stream::begin_tls(ClientContextPtr context, const std::string& host) {
  channel_ = std::make_unique<Channel>(socket_.get(), std::move(context), host);
}

Transfer Stream::read(std::span<char> into) {
  if (channel_) return channel_->read(into);
  return outcome_of(::recv(socket_.get(), into.data(), into.size(), 0));
}

Transfer Stream::write(std::span<const ::iovec> from) {
  if (channel_) return channel_->write(from);
  if (from.size() == 1) return outcome_of(::send(socket_.get(), from[0].iov_base, from[0].iov_len, MSG_NOSIGNAL));
  ::msghdr message{};
  message.msg_iov = const_cast<::iovec*>(from.data());  // sendmsg does not write through it
  message.msg_iovlen = std::min<std::size_t>(from.size(), IOV_MAX);
  return outcome_of(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL));
}

bool Stream::is_unacknowledged() {
  ::tcp_info info{};
  ::socklen_t size = sizeof info;
  if (::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;  // a unix socket
  return (info.tcpi_unacked > 0 && info.tcpi_retransmits > 0) || info.tcpi_probes >= 2;
}

bool Stream::is_delivered() {
  int family = 0, left = 0;
  ::socklen_t size = sizeof family;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_UNIX) return true;
  return ::ioctl(socket_.get(), TIOCOUTQ, &left) != 0 || left == 0;  // tcp(7): SIOCOUTQ
}

bool Stream::peer_is_gone() {
  ::pollfd state{socket_.get(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0;  // POLLERR and POLLHUP are always told
}

void Stream::shutdown_send() {
  if (channel_) channel_->end_sending();
  ::shutdown(socket_.get(), SHUT_WR);
}

void Stream::close() {
  if (channel_ && is_open()) channel_->end_sending();
  channel_.reset();
  socket_.close();
}

}  // namespace respgate::tls
