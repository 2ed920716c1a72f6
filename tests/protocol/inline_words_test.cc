#include "protocol/inline_words.h"

#include <optional>
#include <random>

#include <gtest/gtest.h>

extern "C" {
#include <hiredis/sds.h>
}

namespace respgate::protocol {
namespace {

using Words = std::vector<std::string>;

std::optional<Words> split(std::string_view line) {
  std::string text;
  std::vector<Extent> extents;
  if (split_words(line, 1000, text, extents) != WordsStatus::kSplit) return std::nullopt;
  Words words;
  for (const Extent& extent : extents) words.push_back(text.substr(extent.offset, extent.size));
  return words;
}

// The server's own splitter, as hiredis ships it.
std::optional<Words> split_by_sds(const std::string& line) {
  int count = 0;
  sds* tokens = sdssplitargs(line.c_str(), &count);
  if (tokens == nullptr) return std::nullopt;
  Words words;
  for (int i = 0; i < count; ++i) words.emplace_back(tokens[i], sdslen(tokens[i]));
  sdsfreesplitres(tokens, count);
  return words;
}

TEST(InlineWordsTest, WordsAreSeparatedByBlanks) {
  EXPECT_EQ(split(""), Words{});
  EXPECT_EQ(split(" \t\r "), Words{});
  EXPECT_EQ(split("a"), Words{"a"});
  EXPECT_EQ(split(" a \t b\rc "), (Words{"a", "b", "c"}));
}

TEST(InlineWordsTest, VerticalTabsAndFormFeedsAreOnlySkippedBetweenWords) {
  EXPECT_EQ(split("\va\f"), Words{"a\f"});
  EXPECT_EQ(split("\"a\"\vb"), (Words{"a", "b"}));
}

TEST(InlineWordsTest, DoubleQuotesHoldEscapes) {
  EXPECT_EQ(split(R"("a b")"), Words{"a b"});
  EXPECT_EQ(split(R"("\n\r\t\b\a\\\"\q")"), Words{"\n\r\t\b\a\\\"q"});
  EXPECT_EQ(split(R"("\x41\xfF\x0g\x")"), Words{"A\xffx0gx"});
  EXPECT_EQ(split(R"("it's")"), Words{"it's"});
}

TEST(InlineWordsTest, SingleQuotesHoldOnlyTheirOwn) { EXPECT_EQ(split(R"('a \n "b" \'c\'')"), Words{R"(a \n "b" 'c')"}); }

TEST(InlineWordsTest, AQuoteMayOpenInAWordAndEndsIt) {
  EXPECT_EQ(split(R"(a"b c" d)"), (Words{"ab c", "d"}));
  EXPECT_EQ(split(R"("" '')"), (Words{"", ""}));
  EXPECT_EQ(split(R"("a"b)"), std::nullopt);
  EXPECT_EQ(split(R"('a''b')"), std::nullopt);
}

TEST(InlineWordsTest, AQuoteMustClose) {
  for (const std::string_view line : {"\"", "'", "a \"b", "a 'b", "\"a\\", "\"a\\\"", "'a\\'", "'a\\"})
    EXPECT_EQ(split(line), std::nullopt) << line;
}

TEST(InlineWordsTest, OneWordTooManyIsToldBeforeItIsRead) {
  std::string text;
  std::vector<Extent> words;
  EXPECT_EQ(split_words("a b ", 2, text, words), WordsStatus::kSplit);
  words.clear();
  EXPECT_EQ(split_words("a b \"c", 2, text, words), WordsStatus::kTooMany);
  EXPECT_EQ(words.size(), 2u);
}

TEST(InlineWordsTest, AnyLineIsSplitAsTheServerSplitsIt) {
  constexpr std::string_view kBytes = "ab \t\r\v\"\"\"'''\\\\\\xnqF0\xe9";
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> any_byte(0, kBytes.size() - 1);
  std::uniform_int_distribution<std::size_t> any_size(0, 24);
  std::size_t accepted = 0;
  for (int round = 0; round < 300000; ++round) {
    std::string line(any_size(random), ' ');
    for (char& c : line) c = kBytes[any_byte(random)];
    const auto words = split(line);
    ASSERT_EQ(words, split_by_sds(line)) << ::testing::PrintToString(line);
    accepted += words.has_value() ? 1 : 0;
  }
  EXPECT_GT(accepted, 30000u);
}

}  // namespace
}  // namespace respgate::protocol
