// A connected byte stream that does not block: TCP or a unix socket, in plain text or
// TLS, and does not say which.  Reads and writes go straight to the kernel; waiting for
// the kernel is a separate call, so that an idle connection needs no buffer.
//
// Lives on one thread, that of the io_context it was made with.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "tls/channel.h"
#include "tls/epoll_set.h"
#include "tls/transfer.h"
#include "tls/wait_handler.h"

namespace respgate::tls {

class Stream {
 public:
  // Takes a connected socket; makes it non-blocking.
  explicit Stream(Socket socket);

  // From here on it is TLS, as the server or as the client of a connection to `host`; nothing of the other side's may
  // have been read before that was not meant to be plain.  Then handshake() until it is done, before anything else.
  void begin_tls(ServerContextPtr context);
  void begin_tls(ClientContextPtr context, const std::string& host);
  // Goes on with the handshake; when it wants to read (write), wait for that and call again.
  Handshake handshake() { return channel_->handshake(); }
  // Why a listener of that context would not let the peer in again; empty: it would, for all its certificate says.
  std::string verify_again(const ServerContext& context) { return channel_ ? channel_->verify_again(context) : ""; }
  // nullptr: plain text.
  const Channel* channel() const { return channel_.get(); }

  Transfer read(std::span<char> into);
  // As much of the buffers as the kernel takes now.  REQUIRES: at least one is not empty.
  Transfer write(std::span<const ::iovec> from);

  // Calls `handler(error_code)` once, when a read (write) is worth trying again.  One wait each at a time.  A read that
  // is worth trying at once may be told so even when close() came in between.
  template <typename Handler>
  void wait_readable(Handler&& handler) {
    if (channel_ && channel_->has_more()) return call_soon(std::forward<Handler>(handler));
    socket_.wait(EpollSet::For::kRead, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void wait_writable(Handler&& handler) {
    socket_.wait(EpollSet::For::kWrite, std::forward<Handler>(handler));
  }

  // TCP: has the kernel sent something again, or asked a closed window twice, without an answer?  A peer that reads
  // slowly or not at all still answers.
  bool is_unacknowledged();

  // TCP: has the peer's kernel acknowledged everything, the end of shutdown_send() with it?  What it has not is lost when
  // close() finds bytes of the peer's unread.  What is written to a unix socket lies with the peer at once.
  bool is_delivered();

  // Has the peer closed its side, or reset the connection?  Without reading: for when nothing may be read.
  bool peer_is_gone();

  // The peer sees the end of our bytes; reading goes on.
  void shutdown_send();
  // Idempotent.  Waits in progress end with operation_aborted.
  void close();
  bool is_open() const { return socket_.get() >= 0; }

 private:
  void call_soon(WaitHandler handler);

  Watched socket_;
  std::unique_ptr<Channel> channel_;  // of TLS; where it lies is known to OpenSSL
};

}  // namespace respgate::tls
