#include "proxy/config/nearest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

const std::vector<std::string> kKnown = {"address", "mode", "user_group", "login_as", "max_connections"};

TEST(NearestTest, ATypingMistakeIsSeenThrough) {
  EXPECT_EQ(nearest("adress", kKnown), "address");
  EXPECT_EQ(nearest("adresss", kKnown), "address");
  EXPECT_EQ(nearest("mdoe", kKnown), "mode");
  EXPECT_EQ(nearest("made", kKnown), "mode");
  EXPECT_EQ(nearest("madi", kKnown), "");  // two other letters of four could be anything
  EXPECT_EQ(nearest("mod", kKnown), "mode");
  EXPECT_EQ(nearest("user-group", kKnown), "user_group");
  EXPECT_EQ(nearest("max_connection", kKnown), "max_connections");
}

TEST(NearestTest, AnotherWordIsNoMistake) {
  for (const char* word : {"", "x", "port", "completely_different"}) EXPECT_EQ(nearest(word, kKnown), "") << word;
}

TEST(NearestTest, ALongWordMayBeNoFurtherOffThanTwoLetters) {
  const std::vector<std::string> known = {"queue_timeout", "connect_timeout", "response_timeout"};
  EXPECT_EQ(nearest("idle_timeout", known), "");
  EXPECT_EQ(nearest("conect_timout", known), "connect_timeout");
}

TEST(NearestTest, OfTwoTheNearerIsMeant) { EXPECT_EQ(nearest("file", std::vector<std::string>{"fire_1", "files", "tile_x"}), "files"); }

TEST(NearestTest, NothingKnownIsNothingMeant) { EXPECT_EQ(nearest("mode", {}), ""); }

TEST(NearestTest, AVeryLongWordCostsNothing) { EXPECT_EQ(nearest(std::string(1'000'000, 'a'), kKnown), ""); }

}  // namespace
}  // namespace respgate::proxy
