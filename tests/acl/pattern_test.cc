#include "acl/pattern.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/acl/vectors.h"

namespace respgate::acl {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

// Calls check(pattern, key, expected) for every recorded answer.
template <typename Check>
std::size_t for_each_recorded_match(Check check) {
  const nlohmann::json vectors = read_vectors("glob_vectors.json");
  std::size_t count = 0;
  const auto run = [&](const nlohmann::json& row, const nlohmann::json& keys) {
    const std::string pattern = from_hex(row["pattern_hex"]), matches = row["match"];
    for (std::size_t i = 0; i < keys.size(); ++i, ++count) check(pattern, from_hex(keys[i]), matches[i] == '1');
  };
  for (const auto& row : vectors["grid"]) run(row, vectors["keys_hex"]);
  for (const auto& row : vectors["fuzz"]) run(row, row["keys_hex"]);
  return count;
}

TEST(PatternTest, MatchesWhatTheServerMatches) {
  const std::size_t count = for_each_recorded_match([](const std::string& pattern, const std::string& key, bool expected) {
    EXPECT_EQ(Pattern::compile(pattern).matches(key), expected) << pattern << " / " << key;
  });
  EXPECT_EQ(count, 7731u);
}

TEST(PatternTest, GeneralMatcherMatchesWhatTheServerMatches) {
  for_each_recorded_match([](const std::string& pattern, const std::string& key, bool expected) {
    EXPECT_EQ(glob_matches(pattern, key), expected) << pattern << " / " << key;
  });
}

// Exact, prefix and `*` patterns do not go through the general matcher: every pattern and subject of up to
// five bytes over an alphabet of all that is special must not show a difference.
TEST(PatternTest, ShortcutsAnswerAsTheGeneralMatcherDoes) {
  constexpr std::string_view kBytes = "ab*?[]^-\\";
  std::mt19937 random(20240601);
  const auto text = [&] {
    std::string result(random() % 6, ' ');
    for (char& byte : result) byte = kBytes[random() % kBytes.size()];
    return result;
  };
  for (int i = 0; i < 400'000; ++i) {
    const std::string pattern = text(), subject = text();
    ASSERT_EQ(Pattern::compile(pattern).matches(subject), glob_matches(pattern, subject)) << pattern << " / " << subject;
  }
}

TEST(PatternTest, PrefixShortcutUnescapesItsLiteral) {
  const Pattern pattern = Pattern::compile("a\\*b\\\\*");
  EXPECT_TRUE(pattern.matches("a*b\\"));
  EXPECT_TRUE(pattern.matches("a*b\\x"));
  EXPECT_FALSE(pattern.matches("axb\\x"));
}

TEST(PatternTest, StarDoesNotMatchTheEmptyKey) {
  EXPECT_FALSE(Pattern::compile("*").matches(""));
  EXPECT_FALSE(Pattern::compile("**").matches(""));
  EXPECT_TRUE(Pattern::compile("").matches(""));
}

TEST(PatternTest, RangesCompareSignedBytesOnEveryMachine) {
  EXPECT_TRUE(Pattern::compile("[a-\xff]").matches("A"));
  EXPECT_FALSE(Pattern::compile("[a-\xff]").matches("b"));
}

TEST(PatternTest, MoreThanAThousandStarsMatchNothing) {
  EXPECT_TRUE(glob_matches(repeated("*a", 1000), repeated("a", 1000)));
  EXPECT_FALSE(glob_matches(repeated("*a", 1001), repeated("a", 1001)));
  EXPECT_TRUE(glob_matches(repeated("*a", 1000) + "*", repeated("a", 1001)));
}

// A backtracking matcher would need more steps than there are atoms.
TEST(PatternTest, ManyStarsOverALongSubjectEnd) { EXPECT_FALSE(glob_matches(repeated("*a", 400) + "b", repeated("a", 20'000))); }

TEST(PatternTest, AVeryLongSubjectMatchesOnlyWhatCostsNothing) {
  const std::string longest = repeated("a", Pattern::kMaxSubjectBytes);
  EXPECT_TRUE(Pattern::compile("a*a").matches(longest));
  EXPECT_FALSE(Pattern::compile("a*a").matches(longest + "a"));
  for (const char* cheap : {"*", "a*"}) EXPECT_TRUE(Pattern::compile(cheap).matches(longest + "a")) << cheap;
}

TEST(PatternTest, WideBytesAreSeenOnlyInsideClasses) {
  EXPECT_FALSE(has_wide_class("k\xc3\xa9*"));
  EXPECT_FALSE(has_wide_class("\\[\xc3]"));
  EXPECT_FALSE(has_wide_class("[ab]\xc3"));
  EXPECT_TRUE(has_wide_class("[\xc3\xa9]"));
  EXPECT_TRUE(has_wide_class("[^a-\xff]"));
  EXPECT_TRUE(has_wide_class("[a\\\xff"));
  EXPECT_TRUE(has_wide_class("[a-]\xff]"));
}

}  // namespace
}  // namespace respgate::acl
