#include "acl/policy.h"

#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

TEST(PolicyTest, FindsExactNamesOnly) {
  const Policy policy(*parse_policy("user alice on\nuser Alice on\n"), {}, {}, {}, 7);
  EXPECT_EQ(policy.find("alice")->name(), "alice");
  EXPECT_EQ(policy.find("Alice")->name(), "Alice");
  EXPECT_EQ(policy.find("ALICE"), nullptr);
  EXPECT_EQ(policy.find(""), nullptr);
  EXPECT_EQ(policy.find(std::string_view("alice\0", 6)), nullptr);
  EXPECT_EQ(policy.generation(), 7u);
}

TEST(PolicyTest, IdentitiesAreCountedInTheOrderOfTheOptions) {
  PolicyOptions options;
  options.own_identity = {"c", "a"};
  const Policy policy(*parse_policy("user a on\nuser b on\nuser c on\n"), {}, {}, options, 1);
  EXPECT_EQ(policy.identity_of(policy.find("c")), 1u);
  EXPECT_EQ(policy.identity_of(policy.find("a")), 2u);
  EXPECT_EQ(policy.identity_of(policy.find("b")), 0u);
  EXPECT_EQ(policy.identity_of(nullptr), 0u);
}

TEST(PolicyTest, PrincipalsAreSortedWhateverTheirOrder) {
  const std::vector<Principal> reversed{*parse_user("b", {}), *parse_user("a", {})};
  const Policy policy(reversed, {}, {}, {}, 1);
  EXPECT_EQ(policy.principals()[0].name(), "a");
  EXPECT_EQ(policy.find("b"), &policy.principals()[1]);
}

TEST(PolicyTest, FindsEachOfTenThousandUsers) {
  std::string text;
  for (int i = 0; i < 10'000; ++i)
    text += "user u" + std::to_string(i) + " on >p" + std::to_string(i) + " ~k" + std::to_string(i) + ":* +@read\n";
  const Policy policy(*parse_policy(text), {}, {}, {}, 1);
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "u" + std::to_string(i);
    ASSERT_NE(policy.find(name), nullptr);
    ASSERT_EQ(policy.find(name)->name(), name);
  }
  EXPECT_EQ(policy.find("u10000"), nullptr);
}

TEST(PolicyTest, MembersAreThoseOfTheGroup) {
  const Policy policy(*parse_policy("user a on\nuser b on\n"), {{"one", {"a"}}, {"both", {"a", "b"}}}, {}, {}, 1);
  EXPECT_TRUE(policy.is_member("one", "a"));
  EXPECT_FALSE(policy.is_member("one", "b"));
  EXPECT_TRUE(policy.is_member("both", "b"));
  EXPECT_FALSE(policy.is_member("none", "a"));
  EXPECT_EQ(policy.groups().size(), 2u);
}

TEST(PolicyTest, KnowsTheGreatestNumberOfPasswords) {
  EXPECT_EQ(Policy(*parse_policy(""), {}, {}, {}, 1).max_passwords(), 1u);
  EXPECT_EQ(Policy(*parse_policy("user a on >1\nuser b on >1 >2 >3\n"), {}, {}, {}, 1).max_passwords(), 3u);
}

}  // namespace
}  // namespace respgate::acl
