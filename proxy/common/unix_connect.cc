#include "proxy/common/unix_connect.h"

#include <sys/socket.h>

#include <cerrno>

namespace respgate::proxy {

bool try_unix_connect(int socket, const boost::asio::local::stream_protocol::endpoint& endpoint, boost::system::error_code& error) {
  if (::connect(socket, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) return true;
  if (errno != EAGAIN && errno != EINTR) error.assign(errno, boost::system::system_category());
  return false;
}

}  // namespace respgate::proxy
