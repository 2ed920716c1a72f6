#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/server/takeover.h"
#include "proxy/server/takeover_wire.h"

namespace respgate::proxy {
namespace {

constexpr ::timeval kPatience{10, 0};

[[noreturn]] void fail(std::errc error, const std::string& what) {
  throw std::system_error(std::make_error_code(error), "takeover: " + what);
}

bool is_listening(const ListeningSocket& socket) {
  int listens = 0;
  ::socklen_t size = sizeof listens;
  return ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

SocketRole role_of(std::string_view word) {
  if (word == "listener") return SocketRole::kListener;
  if (word == "admin") return SocketRole::kAdmin;
  if (word == "health") return SocketRole::kHealth;
  fail(std::errc::protocol_error, "the running process speaks another version: stop it, then start without --takeover");
}

// "listener main 127.0.0.1:6380"; an address may hold spaces.
SocketGroup group_of(TakeoverPacket packet) {
  const std::string_view text = packet.text;
  const std::size_t role_end = text.find(' ');
  const std::size_t name_end = role_end == text.npos ? text.npos : text.find(' ', role_end + 1);
  SocketGroup group;
  group.role = role_of(text.substr(0, name_end == text.npos ? 0 : role_end));
  group.name = text.substr(role_end + 1, name_end - role_end - 1);
  group.address = text.substr(name_end + 1);
  group.sockets = std::move(packet.sockets);
  if (group.sockets.empty() || !std::all_of(group.sockets.begin(), group.sockets.end(), is_listening))
    fail(std::errc::protocol_error, "the running process sent no listening socket for " + group.address);
  return group;
}

void add(std::vector<SocketGroup>& groups, SocketGroup more) {
  const auto same = [&](const SocketGroup& group) { return group.role == more.role && group.name == more.name; };
  const auto known = std::find_if(groups.begin(), groups.end(), same);
  if (known == groups.end()) return groups.push_back(std::move(more));
  for (ListeningSocket& socket : more.sockets) known->sockets.push_back(std::move(socket));
}

}  // namespace

Inheritance Inheritance::ask(const std::string& path) {
  Inheritance given;
  ListeningSocket connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const ::sockaddr_un address = takeover_address(path);
  if (connection.descriptor() < 0) throw std::system_error(errno, std::system_category(), "takeover: cannot open a socket");
  ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (::connect(connection.descriptor(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address) != 0) {
    if (errno != ENOENT && errno != ECONNREFUSED) throw std::system_error(errno, std::system_category(), "takeover: " + path);
    spdlog::warn("no process to take over from socket=\"{}\"", path);
    return given;
  }
  if (!is_peer_trusted(connection.descriptor()))
    fail(std::errc::permission_denied, path + " is another user's: only a process of this user, or of root, can be taken over from");
  if (!send_packet(connection.descriptor(), kTakeoverHello, {}))
    throw std::system_error(errno, std::system_category(), "takeover: " + path);
  while (true) {
    std::optional<TakeoverPacket> packet = receive_packet(connection.descriptor());
    if (!packet && errno == 0) fail(std::errc::connection_aborted, "the running process is ending, or is being taken over already");
    if (!packet) throw std::system_error(errno, std::system_category(), "takeover: the running process does not answer at " + path);
    if (packet->text == kTakeoverEnd) break;
    add(given.groups_, group_of(std::move(*packet)));
  }
  given.connection_ = std::move(connection);
  return given;
}

std::vector<ListeningSocket> Inheritance::take(SocketRole role, std::string_view name, const Address& address) {
  const bool is_any_port = address.kind == Address::Kind::kTcp && address.port == 0;
  const auto wanted = [&](const SocketGroup& group) {
    return group.role == role && group.address == address.text && (!is_any_port || group.name == name);
  };
  const auto found = std::find_if(groups_.begin(), groups_.end(), wanted);
  if (found == groups_.end()) return {};
  std::vector<ListeningSocket> sockets = std::move(found->sockets);
  groups_.erase(found);
  return sockets;
}

std::vector<ListeningSocket> Inheritance::take_or_open(const ListenerConfig& listener, std::size_t workers) {
  std::vector<ListeningSocket> sockets = take(SocketRole::kListener, listener.name, listener.address);
  if (sockets.empty()) return open_listener(listener, workers);
  if (sockets.size() > workers) {
    fail(std::errc::invalid_argument, "the running process accepts with " + std::to_string(sockets.size()) + " threads: write workers: " +
                                          std::to_string(sockets.size()) + ", or stop it and start without --takeover");
  }
  // Who could connect before is not who may connect from now on.
  if (listener.address.kind == Address::Kind::kUnix) ::chmod(listener.address.path.c_str(), static_cast<::mode_t>(listener.unix_mode));
  while (sockets.size() < workers) sockets.push_back(open_another(sockets.front()));
  return sockets;
}

std::optional<ListeningSocket> Inheritance::take(SocketRole role, const Address& address) {
  std::vector<ListeningSocket> sockets = take(role, "-", address);
  if (sockets.empty()) return std::nullopt;
  return std::move(sockets.front());
}

void Inheritance::tell_serving() {
  if (is_empty()) return;
  if (!send_packet(connection_.descriptor(), kTakeoverServing, {}))
    spdlog::error("the process that was taken over from did not hear of it, stop it error=\"{}\"", std::generic_category().message(errno));
  *this = Inheritance();
}

}  // namespace respgate::proxy
