// An upgrade without a refused connection: a new process takes the listening sockets from the one that runs, which
// then drains.  The sockets are the same ones, so what waits in their accept queues waits for the new process.
//
// They travel over a unix socket of packets (SOCK_SEQPACKET, shutdown.takeover_socket), as SCM_RIGHTS:
//
//   new   respgate 1                              the version of this
//   old   listener NAME ADDRESS   + descriptors   one packet or more for each listener, a descriptor for each worker
//   old   admin - ADDRESS         + descriptor
//   old   health - ADDRESS        + descriptor
//   old   end
//   new   serving                                 it accepts: from here on the old one does not
//
// A new process that ends before it says so has changed nothing: the old one goes on.  Only root and the user that
// the process runs as may take over, or be taken over from: whoever gives a process its listening sockets decides who
// its clients are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "proxy/config/config.h"
#include "proxy/reception/listening_socket.h"

namespace respgate::proxy {

enum class SocketRole : std::uint8_t { kListener, kAdmin, kHealth };

// The sockets of one address: for a listener, one for each worker.
struct SocketGroup {
  SocketRole role = SocketRole::kListener;
  std::string name;     // of the listener
  std::string address;  // as the configuration writes it
  std::vector<ListeningSocket> sockets;
};

// What a new process was given.  What it does not take is closed with this.
class Inheritance {
 public:
  // Nothing was given.
  Inheritance() = default;
  // Asks the process that listens at `path`.  Without one, nothing is given, and a line in the log says so: a
  // process that is not there has no clients to lose.  Throws std::system_error when there is one and it does not
  // give what it should.  Blocks, for 10 seconds at most.
  static Inheritance ask(const std::string& path);
  Inheritance(Inheritance&& other) noexcept = default;
  Inheritance& operator=(Inheritance&& other) noexcept = default;

  bool is_empty() const { return connection_.descriptor() < 0; }

  // The sockets of that listener, one for each of `workers`: those inherited, or new ones.  Throws std::system_error
  // as open_listener(), and when more are inherited than there are workers: nobody would accept from those left over.
  std::vector<ListeningSocket> take_or_open(const ListenerConfig& listener, std::size_t workers);
  // The socket of an admin address, if it was given.
  std::optional<ListeningSocket> take(SocketRole role, const Address& address);

  // This process accepts.  The one before stops to, and drains.
  void tell_serving();

 private:
  std::vector<ListeningSocket> take(SocketRole role, std::string_view name, const Address& address);

  ListeningSocket connection_{-1};
  std::vector<SocketGroup> groups_;
};

// Offers this process' sockets to the next one.  Lives on the control thread.
class TakeoverOffer {
 public:
  // Both are called on the control thread.
  struct Backend {
    // Copies of all the sockets, or none when that cannot be; `done` is called later, once.
    std::function<void(std::function<void(std::vector<SocketGroup>)> done)> collect;
    std::function<void()> on_taken;
  };

  // Listens at `path`, for the same user only (0600); throws std::system_error.  `replaces`: of another process that
  // listens there, the place is taken; otherwise that is an error.
  TakeoverOffer(boost::asio::io_context& io, const std::string& path, bool replaces, Backend backend);
  ~TakeoverOffer();
  TakeoverOffer(const TakeoverOffer&) = delete;
  TakeoverOffer& operator=(const TakeoverOffer&) = delete;

  // Nothing is called any more.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace respgate::proxy
