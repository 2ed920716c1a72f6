#include "protocol/cluster.h"

#include <string>

#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

// As CLUSTER KEYSLOT answers.
TEST(ClusterTest, SlotsAreThoseOfTheServer) {
  EXPECT_EQ(slot_of(""), 0);
  EXPECT_EQ(slot_of("123456789"), 0x31c3);
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of("bar"), 5061);
  EXPECT_EQ(slot_of("hello"), 866);
  EXPECT_EQ(slot_of(std::string("\xff\x00\x80", 3)), 7915);
}

TEST(ClusterTest, AHashTagDecidesTheSlot) {
  EXPECT_EQ(slot_of("{foo}.a"), slot_of("foo"));
  EXPECT_EQ(slot_of("a{foo}b"), slot_of("foo"));
  EXPECT_EQ(slot_of("a{foo}{bar}"), slot_of("foo"));
  EXPECT_EQ(slot_of("a{{foo}}"), slot_of("{foo"));
  EXPECT_EQ(slot_of("}a{foo}"), slot_of("foo"));
}

TEST(ClusterTest, AnEmptyOrOpenHashTagIsNone) {
  EXPECT_EQ(slot_of("foo{}{bar}"), 8363);
  EXPECT_NE(slot_of("foo{bar"), slot_of("bar"));
  EXPECT_NE(slot_of("a}{foo"), slot_of("foo"));
}

TEST(ClusterTest, RedirectsNameSlotHostAndPort) {
  const auto moved = parse_redirect("MOVED 3999 10.0.0.1:6381");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->kind, Redirect::Kind::kMoved);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->host, "10.0.0.1");
  EXPECT_EQ(moved->port, 6381);

  const auto ask = parse_redirect("ASK 0 node-1.example.org:65535");
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->kind, Redirect::Kind::kAsk);
  EXPECT_EQ(ask->slot, 0);
  EXPECT_EQ(ask->host, "node-1.example.org");
  EXPECT_EQ(ask->port, 65535);
}

TEST(ClusterTest, AnIpv6HostHoldsColons) {
  const auto moved = parse_redirect("MOVED 16383 2001:db8::1:6379");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->host, "2001:db8::1");
  EXPECT_EQ(moved->port, 6379);
}

TEST(ClusterTest, AnEmptyHostIsTheNodeThatAnswered) {
  const auto moved = parse_redirect("MOVED 1 :6379");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->host, "");
}

TEST(ClusterTest, AnythingElseIsNoRedirect) {
  for (const std::string_view line : {"",
                                      "MOVED",
                                      "MOVED ",
                                      "MOVED 1",
                                      "MOVED 1 ",
                                      "MOVED 1 host",
                                      "MOVED 1 host:",
                                      "MOVED 1 host:0",
                                      "MOVED 1 host:65536",
                                      "MOVED 1 host:-1",
                                      "MOVED 1 host:1x",
                                      "MOVED 16384 host:1",
                                      "MOVED -1 host:1",
                                      "MOVED +1 host:1",
                                      "MOVED x host:1",
                                      "MOVED  1 host:1",
                                      "MOVED 1 host:1 ",
                                      "MOVED 1 ho st:1",
                                      "MOVED 1 a\tb:1",
                                      "moved 1 host:1",
                                      "MOVEDX 1 host:1",
                                      "ERR 1 host:1",
                                      "MOVED 1 ?:6379",
                                      "MOVED host:1",
                                      " MOVED 1 host:1"})
    EXPECT_FALSE(parse_redirect(line)) << line;
}

}  // namespace
}  // namespace respgate::protocol
