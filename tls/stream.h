// A connected byte stream that does not block: TCP or a unix socket, today in plain
// text.  Reads and writes go straight to the kernel; waiting for the kernel is a
// separate call, so that an idle connection needs no buffer.
//
// Lives on one thread, that of the io_context it was made with.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

namespace respgate::tls {

using error_code = boost::system::error_code;
using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

// What one read or write came to.  At most one of `blocked` and `error` is set, and then bytes is 0.
struct Transfer {
  std::size_t bytes = 0;
  bool blocked = false;  // nothing possible now: wait and try again
  error_code error;      // eof when the peer has finished sending
};

class Stream {
 public:
  // Takes a connected socket; makes it non-blocking.
  explicit Stream(Socket socket);

  Transfer read(std::span<char> into);
  // As much of the buffers as the kernel takes now.  REQUIRES: at least one is not empty.
  Transfer write(std::span<const ::iovec> from);

  // Calls `handler(error_code)` once, when a read (write) is worth trying again.  One wait each at a time.
  template <typename Handler>
  void wait_readable(Handler&& handler) {
    socket_.async_wait(Socket::wait_read, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void wait_writable(Handler&& handler) {
    socket_.async_wait(Socket::wait_write, std::forward<Handler>(handler));
  }

  // TCP: has the kernel sent something again, or asked a closed window twice, without an answer?  A peer that reads
  // slowly or not at all still answers.
  bool is_unacknowledged();

  // Has the peer closed its side, or reset the connection?  Without reading: for when nothing may be read.
  bool peer_is_gone();

  // The peer sees the end of our bytes; reading goes on.
  void shutdown_send();
  // Idempotent.  Waits in progress end with operation_aborted.
  void close();
  bool is_open() const { return socket_.is_open(); }

 private:
  Socket socket_;
};

}  // namespace respgate::tls
