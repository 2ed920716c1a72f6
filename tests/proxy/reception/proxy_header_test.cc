#include "proxy/reception/proxy_header.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using namespace std::string_literals;
using Status = ProxyHeaderParser::Status;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// "10.1.2.3:51442 vpce-…", "local", "error: …"; and how much was taken of the bytes.
struct Outcome {
  std::string what;
  std::size_t taken = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t step) {
  ProxyHeaderParser parser;
  std::size_t taken = 0;
  for (Status status = Status::kNeedMore;;) {
    const std::size_t next = std::min({step, parser.wanted(), bytes.size() - taken});
    EXPECT_GT(parser.wanted(), 0u);
    if (next == 0) return {"incomplete", taken};
    status = parser.feed(bytes.substr(taken, next));
    taken += next;
    if (status == Status::kError) return {"error: " + std::string(parser.error()), 0};
    if (status == Status::kComplete) break;
  }
  const ProxyHeader& header = parser.header();
  if (header.is_local) return {"local", taken};
  if (!header.names_source) return {"somebody", taken};
  std::string what;
  for (const std::uint8_t byte : header.source) what += std::to_string(byte) + ".";
  return {what + ":" + std::to_string(header.source_port) + " " + header.endpoint, taken};
}

const std::string kTcp4 = from_hex("0d0a0d0a000d0a515549540a2111000c0a0102030a090807c8f218eb");
const std::string kTcp4Details =
    from_hex("0d0a0d0a000d0a515549540a2111002d0a0102030a090807c8f218eb0300045ab8f7edea001701767063652d3031323334353637383961626364656630");
const std::string kTcp6Details = from_hex(
    "0d0a0d0a000d0a515549540a2121004520010db800000000000000000000000120010db8000000000000000000000002c8f218eb0300048ac11456ea00170176"
    "7063652d3031323334353637383961626364656630");
// As AWS documents it, zero bytes (a NOOP's) at its end.
const std::string kAws =
    from_hex(
        "0d0a0d0a000d0a515549540a21110054ac1f0771ac1f0a1fc8f20050030004e8d6892dea001701767063652d303864326266313566616335"
        "30303163390400"
        "24") +
    std::string(36, '\0');
const std::string kLocal = from_hex("0d0a0d0a000d0a515549540a20000000");
const std::string kMapped = "0.0.0.0.0.0.0.0.0.0.255.255.";

struct Row {
  std::string bytes;
  std::string what;
};

TEST(ProxyHeaderTest, HeadersAreReadHoweverTheyAreCutAndNotAByteMore) {
  const std::vector<Row> rows{
      {kTcp4, kMapped + "10.1.2.3.:51442 "},
      {kTcp4Details, kMapped + "10.1.2.3.:51442 vpce-0123456789abcdef0"},
      {kTcp6Details, "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1.:51442 vpce-0123456789abcdef0"},
      {kAws, kMapped + "172.31.7.113.:51442 vpce-08d2bf15fac5001c9"},
      {kLocal, "local"},
      {from_hex("0d0a0d0a000d0a515549540a20110003010203"), "local"},
      {from_hex("0d0a0d0a000d0a515549540a21000000"), "somebody"},
      {from_hex("0d0a0d0a000d0a515549540a213100d8") + std::string(216, 'x'), "somebody"},
      {"PROXY TCP4 192.0.2.1 192.0.2.9 51442 6379\r\n", kMapped + "192.0.2.1.:51442 "},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1.:1 "},
      {"PROXY UNKNOWN\r\n", "somebody"},
      {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "somebody"},
  };
  for (const Row& row : rows) {
    for (std::size_t step = 1; step <= row.bytes.size(); ++step)
      EXPECT_EQ(read(row.bytes + "*1\r\n$4\r\nPING\r\n", step), (Outcome{row.what, row.bytes.size()})) << row.what << " by " << step;
    for (std::size_t cut = 0; cut < row.bytes.size(); ++cut) EXPECT_EQ(read(row.bytes.substr(0, cut), 7).what, "incomplete");
  }
}

std::string changed(std::string bytes, std::size_t at, char to) {
  bytes[at] = to;
  return bytes;
}

TEST(ProxyHeaderTest, WhatIsWrongIsRefused) {
  for (const std::string& bytes : {
           "PING\r\n"s,
           "*1\r\n$4\r\nPING\r\n"s,
           "\r\n\r\nPING\r\nxxxxxxxx"s,
           "PROXY TCP4 192.0.2.1 192.0.2.9 51442 6379\n\n"s,
           "PROXY TCP4 192.0.2.1 192.0.2.9 51442\r\n"s,
           "PROXY TCP4 192.0.2.1 192.0.2.9 51442 65536\r\n"s,
           "PROXY TCP4 192.0.2.1 192.0.2.9 51442 6379 x\r\n"s,
           "PROXY TCP4 2001:db8::1 192.0.2.9 51442 6379\r\n"s,
           "PROXY TCP6 192.0.2.1 192.0.2.9 51442 6379\r\n"s,
           "PROXY UDP4 192.0.2.1 192.0.2.9 51442 6379\r\n"s,
           "PROXY TCP4 192.0.2.1\0 192.0.2.9 51442 6379\r\n"s,
           "PROXY " + std::string(200, 'x') + "\r\n",
           changed(kTcp4, 12, '\x11'),                                                          // version
           changed(kTcp4, 12, '\x22'),                                                          // command
           changed(kTcp4, 13, '\x12'),                                                          // UDP
           changed(kTcp4, 13, '\x21'),                                                          // shorter than its addresses
           changed(kTcp4Details, 20, '\x0b'),                                                   // the checksum does not fit
           changed(kTcp4Details, 30, '\x05'),                                                   // nor its length
           changed(kTcp4Details, 37, '\xff'),                                                   // a detail longer than the header
           from_hex("0d0a0d0a000d0a515549540a2111ffff"),                                        // too long
           from_hex("0d0a0d0a000d0a515549540a211100130a0102030a090807c8f218ebea00040176200a"),  // an endpoint with a blank
       }) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{5}, bytes.size()})
      EXPECT_TRUE(read(bytes, step).what.starts_with("error: "))
          << testing::PrintToString(bytes) << " by " << step << ": " << read(bytes, step).what;
  }
}

TEST(ProxyHeaderTest, KnowsAnotherHeaderWhenItSeesOne) {
  EXPECT_TRUE(ProxyHeaderParser::is_header(kTcp4));
  EXPECT_TRUE(ProxyHeaderParser::is_header("PROXY UNKNOWN\r\n"));
  EXPECT_FALSE(ProxyHeaderParser::is_header("PING\r\n"));
}

}  // namespace
}  // namespace respgate::proxy
