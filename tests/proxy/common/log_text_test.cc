#include "proxy/common/log_text.h"

#include <string>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

TEST(LogTextTest, PrintableAsciiStaysAsItIs) { EXPECT_EQ(log_text("orders:42 (a=b) 'x' ~!"), "orders:42 (a=b) 'x' ~!"); }

TEST(LogTextTest, EveryOtherByteBecomesTwoHexDigits) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool kept = value >= 0x20 && value <= 0x7e && c != '"' && c != '\\';
    char expected[8];
    std::snprintf(expected, sizeof expected, kept ? "%c" : "\\x%02x", value);
    EXPECT_EQ(log_text(std::string_view(&c, 1)), expected) << value;
  }
}

TEST(LogTextTest, ALineCannotBeForged) { EXPECT_EQ(log_text("x\r\n[info] user=\"admin\""), "x\\x0d\\x0a[info] user=\\x22admin\\x22"); }

TEST(LogTextTest, TextDirectionCannotBeReversed) {
  EXPECT_EQ(log_text("a\xe2\x80\xae"
                     "b"),
            "a\\xe2\\x80\\xaeb");
}

TEST(LogTextTest, ExactlyTheLimitIsShownWhole) { EXPECT_EQ(log_text(std::string(128, 'a')), std::string(128, 'a')); }

TEST(LogTextTest, WhatIsCutIsCounted) {
  EXPECT_EQ(log_text(std::string(129, 'a')), std::string(128, 'a') + "\\...1 more bytes");
  EXPECT_EQ(log_text("abcdef", 2), "ab\\...4 more bytes");
}

TEST(LogTextTest, TheMarkOfACutCannotBeForged) { EXPECT_EQ(log_text("\\...4 more bytes"), "\\x5c...4 more bytes"); }

TEST(LogTextTest, AMessageIsOneLineAndIsNotChangedTwice) {
  const std::string message = one_line(std::string_view("a \"b\" \\x0a\n\x1b[31m\x00\xc2\x9b", 19));
  EXPECT_EQ(message, "a \"b\" \\x0a\\x0a\\x1b[31m\\x00\\xc2\\x9b");
  EXPECT_EQ(one_line(message), message);
}

TEST(LogTextTest, WhatItWasGivenIsReadBack) {
  std::string every;
  for (int value = 0; value < 256; ++value) every += static_cast<char>(value);
  for (const std::string& bytes : {std::string(), std::string("plain"), every, std::string("\\x41"), std::string("\\...5 more bytes")}) {
    const auto read = read_log_text(log_text(bytes, 1000));
    ASSERT_TRUE(read) << bytes;
    EXPECT_EQ(read->bytes, bytes);
    EXPECT_FALSE(read->is_cut);
  }
  const auto cut = read_log_text(log_text("abcdef", 4));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->bytes, "abcd");
  EXPECT_TRUE(cut->is_cut);
}

TEST(LogTextTest, WhatItNeverWritesIsNotRead) {
  for (const char* text : {"\\", "\\x", "\\x4", "\\xzz", "\\x41", "\\xFF", "a\nb", "\"", "\\... more bytes", "\\...05 more bytes",
                           "\\...5 more bytes.", "\xff"})
    EXPECT_FALSE(read_log_text(text)) << text;
}

}  // namespace
}  // namespace respgate::proxy
