#include "protocol/header_line.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

// All texts of up to `length` bytes of those that can stand in a header line, and one that cannot.
std::vector<std::string> texts_up_to(std::size_t length) {
  std::vector<std::string> all{""};
  for (std::size_t begin = 0, n = 0; n < length; ++n) {
    const std::size_t end = all.size();
    for (; begin < end; ++begin) {
      for (const char c : std::string_view("07-+\r\nx")) all.push_back(all[begin] + c);
    }
  }
  return all;
}

TEST(HeaderLineTest, TheShortReadingIsThatOfTheLongOne) {
  std::size_t short_ones = 0;
  for (const std::string& text : texts_up_to(6)) {
    const ShortNumber number = read_short_number("ab$" + text, 2, '$');
    if (number.size == 0) continue;
    ++short_ones;
    const HeaderNumber expected = read_header_number(text);
    ASSERT_EQ(expected.status, HeaderNumber::Status::kRead) << testing::PrintToString(text);
    EXPECT_EQ(static_cast<std::int64_t>(number.value), expected.value) << testing::PrintToString(text);
    EXPECT_EQ(number.size, expected.size + 1) << testing::PrintToString(text);
  }
  EXPECT_GT(short_ones, 500U);
}

TEST(HeaderLineTest, TheShortReadingKnowsTheLinesThatNearlyAllAre) {
  for (const std::string number : {"0", "1", "10", "999", "1024", "9999"}) {
    const ShortNumber read = read_short_number("$" + number + "\r\nvalue", 0, '$');
    EXPECT_EQ(read.value, std::stoul(number));
    EXPECT_EQ(read.size, number.size() + 3);
  }
  for (const std::string_view other :
       {"$10000\r\nvalue", "*1\r\nvalue", "$-1\r\nvalue", "$01\r\nvalue", "$1\rvalue", "$\r\nvalue", "$1\r\n", ""})
    EXPECT_EQ(read_short_number(other, 0, '$').size, 0U) << testing::PrintToString(std::string(other));
}

}  // namespace
}  // namespace respgate::protocol
