#include "proxy/gate/subscriptions.h"

#include <initializer_list>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using Sort = Subscriptions::Sort;
using Names = std::vector<std::string_view>;

TEST(SubscriptionsTest, EveryNameIsConfirmedOnceAlsoWhenItIsHeldAlready) {
  Subscriptions held;
  EXPECT_EQ(held.subscribe(Sort::kChannel, Names{"a", "b", "a"}), 3u);
  EXPECT_EQ(held.unsubscribe(Sort::kChannel, Names{"a", "none", "a"}), 3u);
  EXPECT_FALSE(held.empty());
  EXPECT_EQ(held.unsubscribe(Sort::kChannel, Names{"b"}), 1u);
  EXPECT_TRUE(held.empty());
}

TEST(SubscriptionsTest, LeavingAllConfirmsEachAndAtLeastOne) {
  Subscriptions held;
  EXPECT_EQ(held.unsubscribe(Sort::kPattern, {}), 1u);
  held.subscribe(Sort::kPattern, Names{"a*", "b*", "b*"});
  held.subscribe(Sort::kShard, Names{"s"});
  EXPECT_EQ(held.unsubscribe(Sort::kPattern, {}), 2u);
  EXPECT_EQ(held.unsubscribe(Sort::kChannel, {}), 1u);
  EXPECT_FALSE(held.empty());
  EXPECT_EQ(held.unsubscribe(Sort::kShard, {}), 1u);
  EXPECT_TRUE(held.empty());
}

TEST(SubscriptionsTest, KnowsWhichNamesArePatterns) {
  Subscriptions held;
  held.subscribe(Sort::kChannel, Names{"c"});
  held.subscribe(Sort::kPattern, Names{"p"});
  held.subscribe(Sort::kShard, Names{"s"});
  EXPECT_TRUE(held.all_of([](std::string_view name, bool is_pattern) { return is_pattern == (name == "p"); }));
  EXPECT_FALSE(held.all_of([](std::string_view name, bool) { return name != "s"; }));
}

TEST(SubscriptionsTest, MemoryGoesWithTheNames) {
  Subscriptions held;
  const std::string long_name(1000, 'x');
  held.subscribe(Sort::kChannel, Names{long_name, "b"});
  EXPECT_GE(held.bytes(), 1000u);
  held.unsubscribe(Sort::kChannel, {});
  EXPECT_EQ(held.bytes(), 0u);
}

TEST(SubscriptionsTest, TheSortFollowsFromTheCommand) {
  for (const auto& [name, sort] : std::initializer_list<std::pair<std::string_view, Sort>>{{"subscribe", Sort::kChannel},
                                                                                           {"unsubscribe", Sort::kChannel},
                                                                                           {"psubscribe", Sort::kPattern},
                                                                                           {"punsubscribe", Sort::kPattern},
                                                                                           {"ssubscribe", Sort::kShard},
                                                                                           {"sunsubscribe", Sort::kShard}}) {
    EXPECT_EQ(Subscriptions::sort_of(*protocol::find_command_by_name(name)), sort) << name;
  }
}

}  // namespace
}  // namespace respgate::proxy
