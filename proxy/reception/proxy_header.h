// Reads the PROXY protocol header, versions 1 and 2, that a load balancer puts in
// front of a client's first byte: who the client really is.
//
// Never asks for a byte beyond the header, so whatever follows (RESP, TLS) is still in
// the socket.  Pure.
//
// Sources: haproxy.org/download/3.0/doc/proxy-protocol.txt; AWS's type 0xEA (VPC endpoint id):
// docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/common/ip_network.h"

namespace respgate::proxy {

struct ProxyHeader {
  bool is_local = false;      // LOCAL: the connection is the proxy's own (a health check)
  bool names_source = false;  // not LOCAL, UNKNOWN, a unix socket: `source` is the client
  Ip source{};
  std::uint16_t source_port = 0;
  std::string endpoint;  // "vpce-…"; empty when the header does not say
};

class ProxyHeaderParser {
 public:
  enum class Status : std::uint8_t { kNeedMore, kComplete, kError };

  // Longer headers are refused: 256 bytes of addresses and TLS details are usual, the format allows 65551.
  static constexpr std::size_t kMaxBytes = 2048;

  // How many bytes may be read next: at least 1 until it is complete.
  std::size_t wanted() const { return wanted_; }
  // REQUIRES: at most wanted() bytes, and kNeedMore so far.
  [[nodiscard]] Status feed(std::string_view bytes);

  const ProxyHeader& header() const { return header_; }  // REQUIRES: kComplete
  std::string_view error() const { return error_; }      // REQUIRES: kError; holds no byte of the peer

  // Do these first bytes of a client begin another header?
  static bool is_header(std::string_view bytes);

 private:
  Status feed_version_1();
  Status feed_version_2();
  Status read_line(std::string_view line);
  Status read_block();
  bool read_details(std::string_view rest);
  bool read_detail(std::uint8_t type, std::string_view value);
  Status fail(std::string_view error);

  std::string bytes_;
  std::size_t wanted_ = 12;
  ProxyHeader header_;
  std::string_view error_;
};

}  // namespace respgate::proxy
