#include "proxy/config/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "protocol/text.h"
#include "proxy/config/config_error.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kHowToWrite = "write host:port, [ipv6]:port or unix:/path";
constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kMaxHostBytes = 253;                                 // RFC 1035
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;  // unix(7)

using AddressResult = boost::system::result<Address, std::string>;

bool is_ipv4(const std::string& host) {
  in_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

std::optional<in6_addr> as_ipv6(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return std::nullopt;
  return address;
}

bool is_host_byte(char c) {
  const char l = protocol::fold(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool looks_numeric(const std::string& host) {
  return std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::string problem(std::string_view text, std::string_view what) { return quote(text) + " " + std::string(what); }

AddressResult parse_unix(std::string_view text, const std::filesystem::path& relative_to) {
  const std::string_view written = text.substr(kUnixPrefix.size());
  if (written.empty()) return problem(text, "has no path: write unix:/path");
  if (written.front() == '@') return problem(text, "is an abstract socket, which has no file mode: write unix:/path");
  if (written.find('\0') != std::string_view::npos) return problem(text, "has a NUL byte in its path: write unix:/path");
  const std::string path = std::filesystem::absolute(relative_to / std::filesystem::path(written)).lexically_normal().string();
  if (path.size() > kMaxSocketPath) {
    return problem(text, "is too long: choose a path of at most " + std::to_string(kMaxSocketPath) + " bytes");
  }
  Address address;
  address.kind = Address::Kind::kUnix;
  address.path = path;
  address.text = text;
  return address;
}

// Empty when the host can be used.
std::string host_problem(const std::string& host, bool bracketed) {
  if (host.empty()) return "has no host: write 127.0.0.1:port, or 0.0.0.0:port for every interface";
  if (bracketed) return as_ipv6(host) ? "" : "has something other than an IPv6 address in brackets: write [::1]:port";
  if (host.find(':') != std::string::npos) return "is an IPv6 address without brackets: write [address]:port";
  if (host == "*") return "has '*' for its host: write 0.0.0.0:port, or [::]:port";
  if (host.size() > kMaxHostBytes || !std::all_of(host.begin(), host.end(), is_host_byte))
    return "has no host name that can exist: " + std::string(kHowToWrite);
  if (looks_numeric(host) && !is_ipv4(host)) return "has neither an IPv4 address nor a name for its host: write four numbers from 0 to 255";
  return "";
}

struct HostAndPort {
  std::string host;
  std::string_view port;
  bool bracketed = false;
};

std::optional<HostAndPort> split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':') return std::nullopt;
    return HostAndPort{std::string(text.substr(1, close - 1)), text.substr(close + 2), true};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return HostAndPort{std::string(text.substr(0, colon)), text.substr(colon + 1), false};
}

AddressResult parse_tcp(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return problem(text, "is a URL: " + std::string(kHowToWrite));
  const auto parts = split(text);
  if (!parts) return problem(text, "is not an address: " + std::string(kHowToWrite));
  if (const std::string why = host_problem(parts->host, parts->bracketed); !why.empty()) return problem(text, why);
  const auto port = parse_port(parts->port);
  if (!port) return problem(text, "has no port from 0 to 65535: " + std::string(kHowToWrite));
  Address address;
  address.host = parts->host;
  address.port = *port;
  address.text = text;
  return address;
}

bool is_ipv6_loopback(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return true;
  return IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127;
}

bool is_same_host(const std::string& a, const std::string& b) {
  const auto a6 = as_ipv6(a);
  const auto b6 = as_ipv6(b);
  if (a6 && b6) return std::memcmp(&*a6, &*b6, sizeof(in6_addr)) == 0;
  return protocol::equals_any_case(a, b);
}

}  // namespace

bool Address::is_loopback() const {
  if (kind == Kind::kUnix) return true;
  if (protocol::equals_any_case(host, "localhost")) return true;
  if (is_ipv4(host)) return host.starts_with("127.");
  const auto v6 = as_ipv6(host);
  return v6 && is_ipv6_loopback(*v6);
}

boost::system::result<Address, std::string> parse_address(std::string_view text, const std::filesystem::path& relative_to) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text, relative_to);
  return parse_tcp(text);
}

bool same_endpoint(const Address& a, const Address& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Address::Kind::kUnix) return a.path == b.path;
  return a.port != 0 && a.port == b.port && is_same_host(a.host, b.host);
}

}  // namespace respgate::proxy
