#include "proxy/audit/name_patterns.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acl/pattern.h"

namespace respgate::proxy {
namespace {

using protocol::Access;
using testing::ElementsAre;
using Shown = NamePatterns::Shown;

std::vector<std::string> patterns_of(const std::vector<std::string>& names) {
  NamePatterns seen;
  for (const std::string& name : names) seen.add(name, Shown::kWhole, Access::kRead);
  std::vector<std::string> patterns;
  for (const NamePatterns::Granted& granted : seen.patterns()) patterns.push_back(granted.pattern);
  return patterns;
}

std::vector<std::string> numbered(const std::string& before, int n, const std::string& behind = "") {
  std::vector<std::string> names;
  for (int i = 0; i < n; ++i) names.push_back(before + std::to_string(i) + behind);
  return names;
}

TEST(NamePatternsTest, FewNamesStandForThemselves) {
  EXPECT_THAT(patterns_of({}), ElementsAre());
  EXPECT_THAT(patterns_of({"app:b", "app:a", "app:c", "app:a"}), ElementsAre("app:a", "app:b", "app:c"));
}

TEST(NamePatternsTest, ManyEndsBehindOneBeginningBecomeOnePattern) {
  EXPECT_THAT(patterns_of(numbered("app:order:", 4)), ElementsAre("app:order:*"));
  std::vector<std::string> names = numbered("app:order:", 4);
  names.emplace_back("app:total");
  EXPECT_THAT(patterns_of(names), ElementsAre("app:order:*", "app:total"));
  for (const char* separator : {":", "/", ".", "|", "-", "_"})
    EXPECT_THAT(patterns_of(numbered(std::string("k") + separator, 9)), ElementsAre(std::string("k") + separator + "*"));
}

TEST(NamePatternsTest, NumbersInTheMiddleBecomeOnePatternOnceThereAreMany) {
  EXPECT_EQ(patterns_of(numbered("session:", 16, ":data")).size(), 16u);
  EXPECT_THAT(patterns_of(numbered("session:", 17, ":data")), ElementsAre("session:*"));
}

TEST(NamePatternsTest, NamesWithNothingInCommonAreNotEverything) {
  EXPECT_EQ(patterns_of(numbered("key", 1000)).size(), 1000u);
  EXPECT_THAT(patterns_of(numbered("key", 1001)), ElementsAre("*"));
}

TEST(NamePatternsTest, TheAccessIsAllThatWasDoneWithAnyOfThem) {
  NamePatterns seen;
  seen.add("a", Shown::kWhole, Access::kRead);
  seen.add("b", Shown::kWhole, Access::kRead);
  seen.add("b", Shown::kWhole, Access::kWrite);
  seen.add("c", Shown::kWhole, Access::kAny);
  for (const std::string& name : numbered("d:", 5)) seen.add(name, Shown::kWhole, Access::kWrite);
  seen.add("d:9", Shown::kWhole, Access::kRead);
  std::string told;
  for (const auto& [pattern, access] : seen.patterns()) told += pattern + "=" + std::to_string(static_cast<int>(access)) + " ";
  EXPECT_EQ(told, "a=1 b=3 c=0 d:*=3 ");
}

TEST(NamePatternsTest, OfANameThatIsCutTheBeginningIsKnown) {
  NamePatterns seen;
  seen.add("blob:" + std::string(100, 'x'), Shown::kBeginning, Access::kRead);
  EXPECT_EQ(seen.patterns().front().pattern, "blob:" + std::string(100, 'x') + "*");
}

TEST(NamePatternsTest, WhatAPatternWouldReadOtherwiseIsEscaped) {
  EXPECT_THAT(patterns_of({"a*b?c[d]e\\f"}), ElementsAre("a\\*b\\?c\\[d\\]e\\\\f"));
  EXPECT_THAT(patterns_of({"a b\nc\xff"}), ElementsAre("a?b?c?"));
}

TEST(NamePatternsTest, EveryNameIsMatchedWhateverItsBytes) {
  for (int value = 0; value < 256; ++value) {
    const std::string name = std::string("k:") + static_cast<char>(value) + "x";
    for (const std::string& pattern : patterns_of({name})) {
      EXPECT_TRUE(acl::Pattern::compile(pattern).matches(name)) << value;
      for (const char c : pattern) EXPECT_TRUE(c > ' ' && c <= '~') << value;
    }
  }
}

TEST(NamePatternsTest, VeryDeepNamesAreBounded) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "a:";
  EXPECT_THAT(patterns_of({deep}), ElementsAre(deep));
}

}  // namespace
}  // namespace respgate::proxy
