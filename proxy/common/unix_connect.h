// Connecting a unix socket, which happens at once or not at all.  Where too many wait to be
// accepted connect() says EAGAIN, which is neither a failure nor a connection under way
// (connect(2)); Asio takes it for the latter and then reports success.  Nothing tells when
// there is room, so whoever connects tries again, until its own deadline.
#pragma once

#include <algorithm>
#include <chrono>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/error_code.hpp>

namespace respgate::proxy {

// One try, of a socket that does not block.  False without an error: there is no room now.
bool try_unix_connect(int socket, const boost::asio::local::stream_protocol::endpoint& endpoint, boost::system::error_code& error);

// How long to wait between two tries: 1 ms at first, doubled up to 50.
class UnixConnectPauses {
 public:
  std::chrono::milliseconds next() {
    const std::chrono::milliseconds pause = next_;
    next_ = std::min(2 * next_, kLongest);
    return pause;
  }

 private:
  static constexpr std::chrono::milliseconds kLongest{50};
  std::chrono::milliseconds next_{1};
};

}  // namespace respgate::proxy
