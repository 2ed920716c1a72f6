#include "proxy/common/units.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using std::chrono::milliseconds;

TEST(UnitsTest, DurationsHaveFourUnits) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(parse_duration("10m"), milliseconds(600'000));
  EXPECT_EQ(parse_duration("12h"), milliseconds(43'200'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(UnitsTest, ADurationSpelledOtherwiseIsRefused) {
  for (const char* text : {"", "5", "s", "5 s", "-5s", "+5s", "1.5s", "5S", "5sec", "1d", "1m30s", "5s ", " 5s", "5us"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, ADurationThatDoesNotFitIsRefused) {
  EXPECT_EQ(parse_duration("99999999999999999999ms"), std::nullopt);
  EXPECT_EQ(parse_duration("9223372036854775807h"), std::nullopt);
  EXPECT_EQ(parse_duration("9223372036854775807ms"), milliseconds(9223372036854775807));
}

TEST(UnitsTest, SizesHaveFourUnits) {
  EXPECT_EQ(parse_size("512B"), 512u);
  EXPECT_EQ(parse_size("64KiB"), 65'536u);
  EXPECT_EQ(parse_size("1MiB"), 1'048'576u);
  EXPECT_EQ(parse_size("2GiB"), 2'147'483'648u);
}

TEST(UnitsTest, ASizeSpelledOtherwiseIsRefused) {
  for (const char* text : {"", "64", "KiB", "64KB", "64k", "64kib", "-1B", "1.5MiB", "64 KiB", "17179869184GiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, PercentagesGoFromOneToAHundred) {
  EXPECT_EQ(parse_percentage("1%"), 1u);
  EXPECT_EQ(parse_percentage("100%"), 100u);
  for (const char* text : {"", "%", "0%", "101%", "50", "50 %", "-1%", "50%%"}) EXPECT_EQ(parse_percentage(text), std::nullopt) << text;
}

TEST(UnitsTest, WhatIsSpelledOutIsReadBackTheSame) {
  for (const char* text : {"250ms", "1500ms", "5s", "90s", "10m", "12h", "0s"}) EXPECT_EQ(spell_duration(*parse_duration(text)), text);
  for (const char* text : {"0B", "512B", "64KiB", "1025KiB", "1MiB", "2GiB"}) EXPECT_EQ(spell_size(*parse_size(text)), text);
}

}  // namespace
}  // namespace respgate::proxy
