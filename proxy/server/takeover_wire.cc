#include "proxy/server/takeover_wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace respgate::proxy {
namespace {

constexpr std::size_t kTextBytes = 1024;

union ControlBuffer {
  ::cmsghdr header;  // for its alignment
  std::array<char, CMSG_SPACE(kTakeoverDescriptors * sizeof(int))> bytes;
};

void adopt_descriptors(::msghdr& message, std::vector<ListeningSocket>& sockets) {
  for (::cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(control) + i * sizeof(int), sizeof descriptor);
      sockets.emplace_back(descriptor);
    }
  }
}

}  // namespace

::sockaddr_un takeover_address(const std::string& path) {
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::system_error(std::make_error_code(std::errc::filename_too_long),
                            "shutdown.takeover_socket " + path + ": write a path of at most 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool send_packet(int connection, std::string_view text, const std::vector<int>& descriptors) {
  ::iovec data{const_cast<char*>(text.data()), text.size()};
  ::msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  ControlBuffer control{};
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    ::cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(connection, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

std::optional<TakeoverPacket> receive_packet(int connection) {
  std::array<char, kTextBytes> text{};
  ::iovec data{text.data(), text.size()};
  ControlBuffer control{};
  ::msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t received = 0;
  do received = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received < 0) return std::nullopt;
  TakeoverPacket packet;
  adopt_descriptors(message, packet.sockets);  // whatever becomes of the packet, they are ours to close
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    errno = EMSGSIZE;
    return std::nullopt;
  }
  if (received == 0) {
    errno = 0;
    return std::nullopt;
  }
  packet.text.assign(text.data(), static_cast<std::size_t>(received));
  return packet;
}

bool is_peer_trusted(int connection) {
  ::ucred peer{};
  ::socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace respgate::proxy
