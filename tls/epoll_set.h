// Which of the descriptors of an io_context are worth reading or writing.
//
//   Watched::wait() ─► an epoll set of our own ─► Asio waits for that ─► up to kEventsPerTurn handlers in a row
//
// A descriptor stays armed from one wait to the next, where Asio's async_wait() arms it anew by a system call each
// time; what the way through a second set costs is shared by all that became ready together.  Level-triggered: what a
// handler leaves unread, be it the end of the stream, is told of again.  One that nobody waits for any more is taken out
// when it next has something to say, so that a peer's reset cannot wake us for ever.
//
// The first kDirect of an io_context are left to Asio: where hardly two are ready at once, there is nobody to share with,
// and a wake-up through two sets takes longer (the lane's, a client's that is alone).
//
// Lives on the thread that runs the io_context, as all that is watched does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "tls/wait_handler.h"

namespace respgate::tls {

using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

class EpollSet final : public boost::asio::execution_context::service {
 public:
  enum class For : std::uint8_t { kRead, kWrite };
  static boost::asio::execution_context::id id;  // that it is one for each io_context

  static EpollSet& of(boost::asio::io_context& io) { return boost::asio::use_service<EpollSet>(io); }
  explicit EpollSet(boost::asio::io_context& io);  // by of()
  ~EpollSet() override;
  EpollSet(const EpollSet&) = delete;
  EpollSet& operator=(const EpollSet&) = delete;

 private:
  friend class Watched;
  static constexpr std::size_t kDirect = 4;

  struct Place {
    int descriptor = -1;
    std::uint32_t generation = 0;  // of who has the place: an event may come for who had it before
    std::uint32_t armed = 0;       // what epoll was told to look for; 0: it does not know the descriptor
    WaitHandler for_read;
    WaitHandler for_write;
  };
  using Index = std::uint32_t;

  void shutdown() override;

  Index add(int descriptor);
  void remove(Index index);
  void wait(Index index, For what, WaitHandler handler);
  bool arm(Place& place, Index index, std::uint32_t events);
  void disarm(Place& place);
  void listen();
  void on_ready();
  void tell(std::uint64_t which, std::uint32_t events);
  void call(WaitHandler& handler);

  boost::asio::io_context& io_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
  std::deque<Place> places_;
  std::deque<Index> free_;
  std::size_t direct_ = 0;     // sockets that Asio waits for
  std::size_t waiting_ = 0;    // handlers; without any the io_context may run out of work
  bool is_listening_ = false;  // Asio waits for the set
};

// A connected socket, owned, that can be waited for.  Empty when moved from.
class Watched {
 public:
  // Makes it non-blocking.
  explicit Watched(Socket socket);
  Watched(Watched&& other) noexcept;
  Watched& operator=(Watched&&) = delete;
  // NOLINTNEXTLINE(bugprone-exception-escape): without the memory to call who waits, ending the process is right.
  ~Watched() { close(); }

  // -1 after close().
  int get() const { return descriptor_; }
  boost::asio::io_context& io() const { return set_->io_; }

  // Calls handler(error_code) once, not before this returns; one handler for each at a time.
  template <typename Handler>
  void wait(EpollSet::For what, Handler&& handler) {
    if (!direct_) return set_->wait(index_, what, std::forward<Handler>(handler));
    direct_->async_wait(what == EpollSet::For::kRead ? Socket::wait_read : Socket::wait_write, std::forward<Handler>(handler));
  }
  // Idempotent.  Handlers that wait are called with operation_aborted.
  void close();

 private:
  EpollSet* set_;
  int descriptor_;
  EpollSet::Index index_ = 0;
  std::unique_ptr<Socket> direct_;  // if it is one of the few
};

}  // namespace respgate::tls
