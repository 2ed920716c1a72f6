#include "proxy/config/address.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using testing::HasSubstr;

Address good(const std::string& text) {
  auto address = parse_address(text, "/etc/respgate");
  EXPECT_TRUE(address.has_value()) << text << ": " << (address ? "" : address.error());
  return address ? *address : Address{};
}

std::string error_of(const std::string& text) {
  const auto address = parse_address(text, "/etc/respgate");
  EXPECT_FALSE(address.has_value()) << text;
  return address ? "" : address.error();
}

TEST(AddressTest, HostAndPortAreTakenApart) {
  const Address address = good("cache.example.com:6379");
  EXPECT_EQ(address.kind, Address::Kind::kTcp);
  EXPECT_EQ(address.host, "cache.example.com");
  EXPECT_EQ(address.port, 6379);
  EXPECT_EQ(address.text, "cache.example.com:6379");
}

TEST(AddressTest, BracketsOfAnIpv6AddressAreNotPartOfTheHost) {
  const Address address = good("[2001:db8::7]:6380");
  EXPECT_EQ(address.host, "2001:db8::7");
  EXPECT_EQ(address.port, 6380);
}

TEST(AddressTest, AUnixPathIsTakenAsItIs) {
  const Address address = good("unix:/run/respgate/client.sock");
  EXPECT_EQ(address.kind, Address::Kind::kUnix);
  EXPECT_EQ(address.path, "/run/respgate/client.sock");
}

TEST(AddressTest, ARelativeUnixPathIsRelativeToTheConfiguration) { EXPECT_EQ(good("unix:run/../s.sock").path, "/etc/respgate/s.sock"); }

TEST(AddressTest, PortZeroIsLeftToTheCaller) { EXPECT_EQ(good("127.0.0.1:0").port, 0); }

TEST(AddressTest, LoopbackIsEveryWayToReachOnlyThisMachine) {
  for (const char* text :
       {"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "[0:0:0:0:0:0:0:1]:1", "localhost:1", "LocalHost:1", "unix:/s", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(good(text).is_loopback()) << text;
  }
}

TEST(AddressTest, WhatOthersCanReachIsNotLoopback) {
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "127.0.0.1.example.com:1", "localhost.example.com:1",
                           "[::ffff:10.0.0.1]:1", "[fe80::1]:1"}) {
    EXPECT_FALSE(good(text).is_loopback()) << text;
  }
}

TEST(AddressTest, EveryErrorSaysWhatToWrite) {
  const struct {
    std::string text;
    const char* advice;
  } rows[] = {
      {"", "write host:port"},
      {"6379", "write host:port"},
      {"localhost", "write host:port"},
      {":6379", "write 127.0.0.1:port"},
      {"*:6379", "write 0.0.0.0:port"},
      {"::1:6379", "write [address]:port"},
      {"[::1]", "write host:port"},
      {"[::1]6379", "write host:port"},
      {"[localhost]:6379", "write [::1]:port"},
      {"[::1:6379", "write host:port"},
      {"[fe80::1%eth0]:6379", "write [::1]:port"},
      {"host:65536", "port from 0 to 65535"},
      {"host:-1", "port from 0 to 65535"},
      {"host:+1", "port from 0 to 65535"},
      {"host: 1", "port from 0 to 65535"},
      {"host:", "port from 0 to 65535"},
      {"host:6379x", "port from 0 to 65535"},
      {"300.1.1.1:1", "four numbers"},
      {"127.1:1", "four numbers"},
      {"ho st:1", "write host:port"},
      {"redis://host:1", "write host:port"},
      {"unix:", "write unix:/path"},
      {"unix:@abstract", "write unix:/path"},
      {std::string("unix:/a\0b", 9), "write unix:/path"},
      {"unix:/" + std::string(200, 'a'), "at most 107 bytes"},
      {std::string(254, 'a') + ":1", "write host:port"},
  };
  for (const auto& row : rows) EXPECT_THAT(error_of(row.text), HasSubstr(row.advice)) << row.text;
}

TEST(AddressTest, AnErrorShowsNoByteThatATerminalWouldObey) { EXPECT_EQ(error_of("\x1b[31m\n:1").find('\x1b'), std::string::npos); }

TEST(AddressTest, TheSameEndpointIsSeenThroughItsSpellings) {
  EXPECT_TRUE(same_endpoint(good("Host:1"), good("host:1")));
  EXPECT_TRUE(same_endpoint(good("[::1]:1"), good("[0::1]:1")));
  EXPECT_TRUE(same_endpoint(good("unix:/a/../b"), good("unix:/b")));
  EXPECT_FALSE(same_endpoint(good("host:1"), good("host:2")));
  EXPECT_FALSE(same_endpoint(good("host:1"), good("unix:/host")));
}

TEST(AddressTest, TwoPortsTheSystemChoosesAreNeverTheSame) { EXPECT_FALSE(same_endpoint(good("127.0.0.1:0"), good("127.0.0.1:0"))); }

}  // namespace
}  // namespace respgate::proxy
