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
  EXPECT_EQ(nearest("mdoe", kKnown), "");  // two edits of four letters could be anything
  EXPECT_EQ(nearest("mod", kKnown), "mode");
  EXPECT_EQ(nearest("user-group", kKnown), "user_group");
  EXPECT_EQ(nearest("max_connection", kKnown), "max_connections");
}

TEST(NearestTest, AnotherWordIsNoMistake) {
  for (const char* word : {"", "x", "port", "completely_different"}) EXPECT_EQ(nearest(word, kKnown), "") << word;
}

TEST(NearestTest, OfTwoTheNearerIsMeant) { EXPECT_EQ(nearest("file", std::vector<std::string>{"fire_1", "files", "tile_x"}), "files"); }

TEST(NearestTest, NothingKnownIsNothingMeant) { EXPECT_EQ(nearest("mode", {}), ""); }

TEST(NearestTest, AVeryLongWordCostsNothing) { EXPECT_EQ(nearest(std::string(1'000'000, 'a'), kKnown), ""); }

}  // namespace
}  // namespace respgate::proxy
