#include "proxy/aws/url.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace respgate::proxy {
namespace {

constexpr std::size_t kLongestUrl = 2048;

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_ipv6_character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

// Printable, no blank, and no fragment: a request line is made of it.
bool is_target_character(char c) { return c > ' ' && c < '\x7f' && c != '#' && c != '\\'; }

bool read_port(std::string_view digits, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && end == digits.data() + digits.size() && port != 0;
}

// Takes the host off the front of `authority`; what is left is nothing or ":port".
bool read_host(std::string_view& authority, std::string& host) {
  const bool is_bracketed = authority.starts_with('[');
  if (is_bracketed) authority.remove_prefix(1);
  const std::size_t end = authority.find(is_bracketed ? ']' : ':');
  if (is_bracketed && end == authority.npos) return false;
  host = authority.substr(0, end);
  authority.remove_prefix(std::min(authority.size(), host.size() + (is_bracketed ? 1 : 0)));
  return !host.empty() && std::all_of(host.begin(), host.end(), is_bracketed ? is_ipv6_character : is_host_character);
}

// 127.a.b.c with nothing else in it: "127.evil.example" is a name.
bool is_ipv4_loopback(std::string_view host) {
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         std::all_of(host.begin(), host.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string AwsUrl::authority() const {
  const std::string name = host.find(':') == host.npos ? host : "[" + host + "]";
  return port == (is_https ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

bool AwsUrl::is_loopback() const { return host == "localhost" || host == "::1" || is_ipv4_loopback(host); }

std::optional<AwsUrl> parse_aws_url(std::string_view text) {
  if (text.size() > kLongestUrl || !std::all_of(text.begin(), text.end(), is_target_character)) return std::nullopt;
  AwsUrl url;
  url.is_https = text.starts_with("https://");
  if (!url.is_https && !text.starts_with("http://")) return std::nullopt;
  text.remove_prefix(url.is_https ? 8 : 7);
  const std::size_t slash = text.find_first_of("/?");
  std::string_view authority = text.substr(0, slash);
  if (slash != text.npos) url.target = (text[slash] == '/' ? "" : "/") + std::string(text.substr(slash));
  url.port = url.is_https ? 443 : 80;
  if (!read_host(authority, url.host)) return std::nullopt;
  if (!authority.empty() && (authority.front() != ':' || !read_port(authority.substr(1), url.port))) return std::nullopt;
  return url;
}

bool may_serve_container(const AwsUrl& url) {
  constexpr std::array<std::string_view, 3> kServing{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
  return url.is_https || url.is_loopback() || std::find(kServing.begin(), kServing.end(), url.host) != kServing.end();
}

}  // namespace respgate::proxy
