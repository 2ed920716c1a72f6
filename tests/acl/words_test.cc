#include "acl/words.h"

#include <vector>

#include <gtest/gtest.h>

namespace respgate::acl {
namespace {

TEST(WordsTest, FoldingKnowsAsciiOnly) { EXPECT_EQ(lowered("AZaz[\xc4@"), "azaz[\xc4@"); }

TEST(WordsTest, BlanksAreThoseOfTheCLocale) {
  for (const char byte : std::string_view(" \t\n\v\f\r")) EXPECT_TRUE(is_blank(byte));
  for (const char byte : std::string_view("\0a\x85\xa0", 4)) EXPECT_FALSE(is_blank(byte));
}

TEST(WordsTest, QuotedTextIsPrintableAndCut) {
  EXPECT_EQ(quote("get"), "'get'");
  EXPECT_EQ(quote(std::string_view("a\0\x1b\xff'\\", 6)), R"('a\x00\x1b\xff\'\\')");
  EXPECT_EQ(quote(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
  EXPECT_EQ(quote(std::string(65, 'x')), "'" + std::string(64, 'x') + "...'");
}

TEST(WordsTest, EditsAreLettersOrASwapOfTwo) {
  EXPECT_EQ(edit_distance("", "get"), 3u);
  EXPECT_EQ(edit_distance("GET", "get"), 0u);
  EXPECT_EQ(edit_distance("gte", "get"), 1u);
  EXPECT_EQ(edit_distance("raed", "read"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("flushall", "flushdb"), 3u);
}

TEST(WordsTest, SuggestionIsTheNearestWordWithinOneEditInThreeLetters) {
  const std::vector<std::string_view> words{"get", "set", "getdel", "x"};
  EXPECT_EQ(suggestion("GETT", words), "; did you mean 'get'?");
  EXPECT_EQ(suggestion("gtedel", words), "; did you mean 'getdel'?");
  EXPECT_EQ(suggestion("gdeel", words), "");  // two, of five letters
  EXPECT_EQ(suggestion("bit", words), "");
  EXPECT_EQ(suggestion("flushall", words), "");
  EXPECT_EQ(suggestion("y", words), "");  // nothing would be left of 'x'
  EXPECT_EQ(suggestion(std::string(65, 'g'), words), "");
}

}  // namespace
}  // namespace respgate::acl
