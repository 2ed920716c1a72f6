#include "proxy/common/ip_network.h"

#include <string_view>

#include <gtest/gtest.h>

#include "proxy/reception/listener_share.h"

namespace respgate::proxy {
namespace {

Ip ip(std::string_view text) {
  const std::optional<Ip> parsed = parse_ip(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Ip{});
}

TEST(IpNetworkTest, ContainsWhatItsPrefixSays) {
  struct Row {
    std::string_view network, inside, outside;
  };
  for (const Row& row : {Row{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"}, Row{"10.1.2.3", "10.1.2.3", "10.1.2.2"},
                         Row{"192.168.4.0/22", "192.168.7.255", "192.168.8.0"}, Row{"0.0.0.0/0", "255.1.2.3", "2001:db8::1"},
                         Row{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"}, Row{"::1", "::1", "::2"},
                         Row{"10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"}, Row{"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"},
                         Row{"fe80::/9", "fe80::1", "ff00::1"}}) {
    const std::optional<IpNetwork> network = IpNetwork::parse(row.network);
    ASSERT_TRUE(network) << row.network;
    EXPECT_TRUE(network->contains(ip(row.inside))) << row.network << " " << row.inside;
    EXPECT_FALSE(network->contains(ip(row.outside))) << row.network << " " << row.outside;
  }
  EXPECT_TRUE(IpNetwork::parse("::/0")->contains(ip("1.2.3.4")));
}

TEST(IpNetworkTest, WhatIsAmbiguousOrWrongIsNone) {
  for (const std::string_view text : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0/8", "10.0.0.0/", "host/8",
                                      "2001:db8::1/32", "::/129", "10.0.0.0/8 ", "010.0.0.1"}) {
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
  }
  EXPECT_FALSE(IpNetwork::parse(std::string_view("1.2.3.4\0x", 9)));
}

TEST(IpNetworkTest, IsWrittenAsCustomary) {
  EXPECT_EQ(to_string(ip("10.1.2.3"), 80), "10.1.2.3:80");
  EXPECT_EQ(to_string(ip("::ffff:10.1.2.3"), 80), "10.1.2.3:80");
  EXPECT_EQ(to_string(ip("2001:DB8::0:1"), 80), "[2001:db8::1]:80");
}

TEST(NetworkRulesTest, DenyWinsAndAnEmptyAllowListLetsNobodyIn) {
  NetworkRules rules;
  EXPECT_TRUE(rules.admits(ip("1.2.3.4"), {}));
  rules.allow_from = PeerList{{*IpNetwork::parse("10.0.0.0/8")}, {"vpce-1"}, {}};
  EXPECT_TRUE(rules.admits(ip("10.1.1.1"), {}));
  EXPECT_FALSE(rules.admits(ip("11.1.1.1"), {}));
  EXPECT_TRUE(rules.admits(ip("11.1.1.1"), "vpce-1"));
  rules.deny_from = {{*IpNetwork::parse("10.1.0.0/16")}, {"vpce-1"}, {}};
  EXPECT_FALSE(rules.admits(ip("10.1.1.1"), {}));
  EXPECT_FALSE(rules.admits(ip("10.2.1.1"), "vpce-1"));
  EXPECT_TRUE(rules.admits(ip("10.2.1.1"), "vpce-2"));
  rules.allow_from = PeerList{};
  EXPECT_FALSE(rules.admits(ip("10.2.1.1"), {}));
}

TEST(SourceCountsTest, CountEachSourceByItself) {
  SourceCounts counts;
  EXPECT_TRUE(counts.add(ip("10.0.0.1"), 2));
  EXPECT_TRUE(counts.add(ip("10.0.0.1"), 2));
  EXPECT_FALSE(counts.add(ip("10.0.0.1"), 2));
  EXPECT_TRUE(counts.add(ip("10.0.0.2"), 2));
  counts.remove(ip("10.0.0.1"));
  EXPECT_TRUE(counts.add(ip("10.0.0.1"), 2));
}

}  // namespace
}  // namespace respgate::proxy
