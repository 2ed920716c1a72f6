// Where something listens or is dialled.
//
//   address := host ":" port | "[" ipv6 "]" ":" port | "unix:" path
//
// Only reads text: names are not resolved here, and nothing is opened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace respgate::proxy {

struct Address {
  enum class Kind : std::uint8_t { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  std::string host;        // kTcp: name or IP literal, brackets removed
  std::uint16_t port = 0;  // kTcp; 0 lets the system choose (listeners only)
  std::string path;        // kUnix, absolute
  std::string text;        // as written, for messages and labels

  // However it was written.
  bool operator==(const Address& other) const {
    return kind == other.kind && host == other.host && port == other.port && path == other.path;
  }
  bool is_loopback() const;  // unix sockets, 127.0.0.0/8, ::1, "localhost"
};

// "host:port", "[v6]:port", "unix:/path"; the error says what to write.
boost::system::result<Address, std::string> parse_address(std::string_view text, const std::filesystem::path& relative_to);

// Would a listener on one be in the way of a listener on the other?  Port 0 never is.
bool same_endpoint(const Address& a, const Address& b);

}  // namespace respgate::proxy
