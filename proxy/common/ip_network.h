// Who a peer is by its address, and the networks that rules name.  IPv4 is IPv6 to
// all of it (`::ffff:a.b.c.d`), so a mapped address cannot slip past a rule.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace respgate::proxy {

using Ip = std::array<std::uint8_t, 16>;  // network order

// What all peers on unix sockets are called, who have no address.
inline constexpr std::string_view kUnixSource = "unix:";

std::optional<Ip> parse_ip(std::string_view text);
Ip mapped_ip(std::string_view four_bytes);           // of an IPv4 address; REQUIRES: four bytes
std::optional<Ip> ip_of(const ::sockaddr* address);  // nothing for unix sockets
// "192.0.2.1", "2001:db8::1"
std::string to_string(const Ip& ip);
// "192.0.2.1:6379", "[2001:db8::1]:6379", as CLIENT LIST writes addresses.
std::string to_string(const Ip& ip, std::uint16_t port);

struct IpHash {
  std::size_t operator()(const Ip& ip) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(ip.data()), ip.size()});
  }
};

// network := address ["/" bits]
class IpNetwork {
 public:
  // Nothing when it is none, also when an address bit behind the prefix is set ("10.0.0.1/8": which of the two is meant?).
  static std::optional<IpNetwork> parse(std::string_view text);
  bool contains(const Ip& ip) const;

 private:
  Ip base_{};
  unsigned bits_ = 128;
};

// A list of networks and endpoint ids, as allow_from and its kin have it.
struct PeerList {
  std::vector<IpNetwork> networks;
  std::vector<std::string> endpoints;  // "vpce-…"
  std::vector<std::string> texts;      // both, as written

  bool empty() const { return networks.empty() && endpoints.empty(); }
  bool contains(const Ip& ip, std::string_view endpoint) const;
};

// Whom a listener lets in, before anything of RESP is read.
struct NetworkRules {
  std::optional<PeerList> allow_from;  // nothing: everybody
  PeerList deny_from;                  // wins
  bool requires_header = false;        // PROXY protocol: the header's address is judged
  PeerList trusted_proxies;            // who may send one
  std::size_t max_per_source = 0;      // connections at a time; 0: no limit

  bool admits(const Ip& ip, std::string_view endpoint) const {
    return !deny_from.contains(ip, endpoint) && (!allow_from || allow_from->contains(ip, endpoint));
  }
};

}  // namespace respgate::proxy
