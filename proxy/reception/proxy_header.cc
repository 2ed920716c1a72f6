#include "proxy/reception/proxy_header.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "protocol/text.h"

namespace respgate::proxy {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature2 = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view kSignature1 = "PROXY "sv;
constexpr std::size_t kFixedBytes = 16;     // of version 2
constexpr std::size_t kMaxLineBytes = 107;  // of version 1, CRLF included
constexpr std::size_t kMaxEndpointBytes = 64;

enum class Family : std::uint8_t { kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnix = 0x31 };
enum class Detail : std::uint8_t { kCrc32c = 0x03, kAws = 0xea };
constexpr char kAwsVpcEndpoint = 0x01;

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }
std::uint16_t number_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint16_t>(byte_at(bytes, i) << 8 | byte_at(bytes, i + 1));
}

// Castagnoli, reflected.
std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
  }
  return ~crc;
}

bool is_endpoint_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; }

// Of that family only: "::ffff:1.2.3.4" is no TCP4 address.
std::optional<Ip> read_ip(std::string_view text, bool is_v6) {
  const bool looks_v6 = text.find(':') != text.npos;
  return looks_v6 == is_v6 ? parse_ip(text) : std::nullopt;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  const std::optional<std::int64_t> port = protocol::parse_strict_integer(text);
  if (!port || *port < 0 || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::string_view next_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

}  // namespace

bool ProxyHeaderParser::is_header(std::string_view bytes) { return bytes.starts_with(kSignature2) || bytes.starts_with(kSignature1); }

ProxyHeaderParser::Status ProxyHeaderParser::feed(std::string_view bytes) {
  bytes_.append(bytes);
  wanted_ -= bytes.size();
  const std::string_view seen = bytes_;
  if (kSignature2.starts_with(seen.substr(0, kSignature2.size()))) return feed_version_2();
  if (kSignature1.starts_with(seen.substr(0, kSignature1.size()))) return feed_version_1();
  return fail("no PROXY header");
}

// "PROXY TCP4 192.0.2.1 192.0.2.9 51442 6379\r\n", which says only at its end how long it is.
ProxyHeaderParser::Status ProxyHeaderParser::feed_version_1() {
  if (bytes_.ends_with("\r\n")) return read_line(std::string_view(bytes_).substr(0, bytes_.size() - 2));
  if (bytes_.size() >= kMaxLineBytes) return fail("a PROXY line that does not end");
  if (bytes_.find('\n') != bytes_.npos) return fail("a PROXY line without its CRLF");
  if (wanted_ == 0) wanted_ = 1;
  return Status::kNeedMore;
}

ProxyHeaderParser::Status ProxyHeaderParser::read_line(std::string_view line) {
  std::string_view rest = line.substr(kSignature1.size());
  const std::string_view family = next_word(rest);
  if (family == "UNKNOWN") return Status::kComplete;
  if (family != "TCP4" && family != "TCP6") return fail("a PROXY line of an unknown family");
  const auto source = read_ip(next_word(rest), family == "TCP6");
  const auto destination = read_ip(next_word(rest), family == "TCP6");
  const auto source_port = read_port(next_word(rest));
  const auto destination_port = read_port(rest);
  if (!source || !destination || !source_port || !destination_port) return fail("a PROXY line with a wrong address or port");
  header_.names_source = true;
  header_.source = *source;
  header_.source_port = *source_port;
  return Status::kComplete;
}

ProxyHeaderParser::Status ProxyHeaderParser::feed_version_2() {
  if (bytes_.size() < kSignature2.size()) return Status::kNeedMore;
  if (bytes_.size() < kFixedBytes) {
    wanted_ = kFixedBytes - bytes_.size();
    return Status::kNeedMore;
  }
  const std::size_t whole = kFixedBytes + number_at(bytes_, 14);
  if (whole > kMaxBytes) return fail("a PROXY header that is too long");
  wanted_ = whole - bytes_.size();
  return wanted_ > 0 ? Status::kNeedMore : read_block();
}

ProxyHeaderParser::Status ProxyHeaderParser::read_block() {
  if (byte_at(bytes_, 12) >> 4 != 2) return fail("a PROXY header of an unknown version");
  const unsigned command = byte_at(bytes_, 12) & 15;
  if (command > 1) return fail("a PROXY header with an unknown command");
  std::string_view block = std::string_view(bytes_).substr(kFixedBytes);
  std::size_t addresses = 0;
  switch (static_cast<Family>(byte_at(bytes_, 13))) {
    case Family::kUnspecified: break;
    case Family::kTcp4: addresses = 12; break;
    case Family::kTcp6: addresses = 36; break;
    case Family::kUnix: addresses = 216; break;
    default: return fail("a PROXY header of an unknown family");
  }
  if (command == 0) addresses = std::min(addresses, block.size());  // LOCAL may leave them out
  if (block.size() < addresses) return fail("a PROXY header shorter than its addresses");
  header_.is_local = command == 0;
  header_.names_source = command == 1 && (addresses == 12 || addresses == 36);
  if (header_.names_source) {
    const bool is_v6 = addresses == 36;
    if (is_v6) {
      std::memcpy(header_.source.data(), block.data(), header_.source.size());
    } else {
      header_.source = mapped_ip(block.substr(0, 4));
    }
    header_.source_port = number_at(block, is_v6 ? 32 : 8);
  }
  if (command == 1 && !read_details(block.substr(addresses))) return Status::kError;
  return Status::kComplete;
}

// Type, length, value, one behind the other.
bool ProxyHeaderParser::read_details(std::string_view rest) {
  while (!rest.empty()) {
    const std::size_t size = rest.size() < 3 ? 0 : number_at(rest, 1);
    if (rest.size() < 3 + size) return fail("a PROXY header with a detail cut short"), false;
    if (!read_detail(byte_at(rest, 0), rest.substr(3, size))) return false;
    rest.remove_prefix(3 + size);
  }
  return true;
}

bool ProxyHeaderParser::read_detail(std::uint8_t type, std::string_view value) {
  if (static_cast<Detail>(type) == Detail::kCrc32c) {
    if (value.size() != 4) return fail("a PROXY header with a checksum of a wrong length"), false;
    std::string zeroed = bytes_;
    zeroed.replace(static_cast<std::size_t>(value.data() - bytes_.data()), 4, 4, '\0');
    const std::uint32_t said = static_cast<std::uint32_t>(number_at(value, 0)) << 16 | number_at(value, 2);
    if (crc32c(zeroed) != said) return fail("a PROXY header with a wrong checksum"), false;
  } else if (static_cast<Detail>(type) == Detail::kAws && value.starts_with(kAwsVpcEndpoint)) {
    const std::string_view endpoint = value.substr(1);
    if (endpoint.size() > kMaxEndpointBytes || !std::ranges::all_of(endpoint, is_endpoint_byte))
      return fail("a PROXY header with an endpoint that is none"), false;
    header_.endpoint = endpoint;
  }
  return true;
}

ProxyHeaderParser::Status ProxyHeaderParser::fail(std::string_view error) {
  error_ = error;
  return Status::kError;
}

}  // namespace respgate::proxy
