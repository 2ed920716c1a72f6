#include "proxy/common/ip_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "protocol/text.h"

namespace respgate::proxy {
namespace {

constexpr unsigned kMappedBits = 96;  // in front of an IPv4 address

bool is_mapped(const Ip& ip) { return std::memcmp(ip.data(), "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0; }

// The first `bits` bits of an address, the rest 0.
Ip prefix_of(Ip ip, unsigned bits) {
  for (unsigned i = 0; i < ip.size(); ++i) {
    const unsigned kept = std::clamp(static_cast<int>(bits) - static_cast<int>(8 * i), 0, 8);
    ip[i] = static_cast<std::uint8_t>(ip[i] & (0xff00u >> kept));
  }
  return ip;
}

}  // namespace

Ip mapped_ip(std::string_view four_bytes) {
  Ip ip{};
  ip[10] = ip[11] = 0xff;
  std::memcpy(ip.data() + 12, four_bytes.data(), 4);
  return ip;
}

std::optional<Ip> parse_ip(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof terminated || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  Ip ip{};
  if (::inet_pton(AF_INET6, terminated, ip.data()) == 1) return ip;
  ::in_addr four{};
  return ::inet_pton(AF_INET, terminated, &four) == 1 ? std::optional(mapped_ip({reinterpret_cast<const char*>(&four), sizeof four}))
                                                      : std::nullopt;
}

std::optional<Ip> ip_of(const ::sockaddr* address) {
  if (address->sa_family == AF_INET)
    return mapped_ip({reinterpret_cast<const char*>(&reinterpret_cast<const ::sockaddr_in*>(address)->sin_addr), 4});
  if (address->sa_family != AF_INET6) return std::nullopt;
  Ip ip{};
  std::memcpy(ip.data(), &reinterpret_cast<const ::sockaddr_in6*>(address)->sin6_addr, ip.size());
  return ip;
}

std::string to_string(const Ip& ip) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool four = is_mapped(ip);
  ::inet_ntop(four ? AF_INET : AF_INET6, ip.data() + (four ? 12 : 0), text, sizeof text);
  return text;
}

std::string to_string(const Ip& ip, std::uint16_t port) {
  const std::string host = to_string(ip);
  return (is_mapped(ip) ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const std::optional<Ip> base = parse_ip(address);
  if (!base) return std::nullopt;
  const bool is_v4 = address.find(':') == address.npos;
  const unsigned most = is_v4 ? 32 : 128;
  unsigned bits = most;
  if (slash != text.npos) {
    const std::optional<std::int64_t> given = protocol::parse_strict_integer(text.substr(slash + 1));
    if (!given || *given < 0 || *given > most) return std::nullopt;
    bits = static_cast<unsigned>(*given);
  }
  IpNetwork network;
  network.bits_ = bits + (is_v4 ? kMappedBits : 0);
  network.base_ = prefix_of(*base, network.bits_);
  if (network.base_ != *base) return std::nullopt;
  return network;
}

bool IpNetwork::contains(const Ip& ip) const { return prefix_of(ip, bits_) == base_; }

bool PeerList::contains(const Ip& ip, std::string_view endpoint) const {
  if (std::ranges::any_of(networks, [&](const IpNetwork& network) { return network.contains(ip); })) return true;
  return !endpoint.empty() && std::ranges::find(endpoints, endpoint) != endpoints.end();
}

}  // namespace respgate::proxy
