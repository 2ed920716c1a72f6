#include "proxy/server/service_manager.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <system_error>

#include <spdlog/spdlog.h>

namespace respgate::proxy {
namespace {

constexpr ::timeval kPatience{.tv_sec = 1, .tv_usec = 0};

// One line: what follows a line feed would be an assignment of its own.
std::string status_line(std::string_view status) {
  std::string line = "STATUS=" + std::string(status);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

// 0, or errno.
int send_datagram(const std::string& to, const std::string& lines) {
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (to.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  to.copy(address.sun_path, to.size());
  if (to.front() == '@') address.sun_path[0] = '\0';
  // The length says where an abstract name ends.
  const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + to.size() + (to.front() == '@' ? 0 : 1));
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const ssize_t sent = ::sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const ::sockaddr*>(&address), size);
  const int problem = sent < 0 ? errno : 0;
  ::close(fd);
  return problem;
}

}  // namespace

ServiceManager ServiceManager::of_environment() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return ServiceManager(socket != nullptr ? socket : "");
}

void ServiceManager::ready(std::string_view status) const { send("READY=1\n" + status_line(status)); }

void ServiceManager::reloading() const {
  using std::chrono::microseconds;
  // The steady clock is CLOCK_MONOTONIC, which is what the manager compares with.
  const auto now = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch());
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()) + "\nSTATUS=reloading");
}

void ServiceManager::stopping(std::string_view status) const { send("STOPPING=1\n" + status_line(status)); }

void ServiceManager::send(const std::string& lines) const {
  if (socket_.empty()) return;
  if (socket_.front() != '/' && socket_.front() != '@') {
    spdlog::warn("NOTIFY_SOCKET is neither a path nor an abstract name: the service manager is told nothing");
    return;
  }
  if (const int problem = send_datagram(socket_, lines); problem != 0)
    spdlog::warn("cannot tell the service manager: {}", std::generic_category().message(problem));
}

}  // namespace respgate::proxy
