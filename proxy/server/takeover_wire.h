// The packets of a takeover (takeover.h) on a unix socket.
#pragma once

#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/reception/listening_socket.h"

namespace respgate::proxy {

inline constexpr std::string_view kTakeoverHello = "respgate 1";
inline constexpr std::string_view kTakeoverEnd = "end";
inline constexpr std::string_view kTakeoverServing = "serving";
// In one packet; the kernel takes 253.
inline constexpr std::size_t kTakeoverDescriptors = 64;

// Throws std::system_error for a path that is too long for a socket.
::sockaddr_un takeover_address(const std::string& path);

struct TakeoverPacket {
  std::string text;
  std::vector<ListeningSocket> sockets;
};

// False: errno says why.
bool send_packet(int connection, std::string_view text, const std::vector<int>& descriptors);
// Nothing: the other side is gone (errno 0), or errno says why; a packet that is cut is EMSGSIZE.
std::optional<TakeoverPacket> receive_packet(int connection);
// Is the other side root, or who this process is?
bool is_peer_trusted(int connection);

}  // namespace respgate::proxy
