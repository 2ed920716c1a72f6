#include "protocol/hex.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

TEST(HexTest, EveryByteIsTwoLowerCaseDigits) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex(std::array<std::uint8_t, 5>{0x00, 0x09, 0x1a, 0xc0, 0xff}), "00091ac0ff");
}

TEST(HexTest, WhatIsWrittenIsReadAgain) {
  std::vector<std::uint8_t> all, read(256);
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<std::uint8_t>(byte));
  EXPECT_TRUE(read_hex(to_hex(all), read));
  EXPECT_EQ(read, all);
}

TEST(HexTest, NoOtherSpellingIsRead) {
  std::array<std::uint8_t, 2> bytes{};
  EXPECT_TRUE(read_hex("0aff", bytes));
  for (const std::string_view other :
       {"", "0af", "0aff0", "0aff00", "0AFF", "0afF", "0xaf", " aff", "0af ", "0a-f", "0afg", "0a/f", "0a:f", "0a`f"})
    EXPECT_FALSE(read_hex(other, bytes)) << other;
  EXPECT_FALSE(read_hex(std::string("0af\0", 4), bytes));
}

}  // namespace
}  // namespace respgate::protocol
