#include "tls/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include <boost/asio/error.hpp>

namespace respgate::tls {
namespace {

Transfer outcome_of(ssize_t result) {
  if (result > 0) return {static_cast<std::size_t>(result), false, {}};
  if (result == 0) return {0, false, boost::asio::error::eof};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {0, true, {}};
  return {0, false, error_code(errno, boost::system::system_category())};
}

}  // namespace

Stream::Stream(Socket socket) : socket_(std::move(socket)) {
  error_code ignored;  // a socket that cannot be made non-blocking fails at its first read
  socket_.native_non_blocking(true, ignored);
}

void Stream::begin_tls(ServerContextPtr context) { channel_ = std::make_unique<Channel>(socket_.native_handle(), std::move(context)); }

void Stream::begin_tls(ClientContextPtr context, const std::string& host) {
  channel_ = std::make_unique<Channel>(socket_.native_handle(), std::move(context), host);
}

Transfer Stream::read(std::span<char> into) {
  if (channel_) return channel_->read(into);
  return outcome_of(::recv(socket_.native_handle(), into.data(), into.size(), 0));
}

Transfer Stream::write(std::span<const ::iovec> from) {
  if (channel_) return channel_->write(from);
  if (from.size() == 1) return outcome_of(::send(socket_.native_handle(), from[0].iov_base, from[0].iov_len, MSG_NOSIGNAL));
  ::msghdr message{};
  message.msg_iov = const_cast<::iovec*>(from.data());  // sendmsg does not write through it
  message.msg_iovlen = std::min<std::size_t>(from.size(), IOV_MAX);
  return outcome_of(::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL));
}

bool Stream::is_unacknowledged() {
  ::tcp_info info{};
  ::socklen_t size = sizeof info;
  if (::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;  // a unix socket
  return (info.tcpi_unacked > 0 && info.tcpi_retransmits > 0) || info.tcpi_probes >= 2;
}

bool Stream::peer_is_gone() {
  ::pollfd state{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0;  // POLLERR and POLLHUP are always told
}

void Stream::shutdown_send() {
  if (channel_) channel_->end_sending();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  if (channel_ && socket_.is_open()) channel_->end_sending();
  channel_.reset();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace respgate::tls
