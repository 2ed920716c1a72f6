#include "acl/dangerous_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using Names = std::vector<std::string_view>;

CommandRuleText rule(std::vector<std::string> match, RuleAction action, std::vector<std::string> to = {}) {
  return {std::move(match), {}, {}, action, std::move(to), {}};
}

// Of the user u with these rules of users.acl.
Names dangerous(const std::string& rights, const std::vector<CommandRuleText>& rules = {}, const std::vector<RenameText>& renames = {},
                PolicyOptions options = {}) {
  const auto principals = parse_policy("user u on " + rights + "\n");
  EXPECT_TRUE(principals) << rights;
  const Policy policy(*principals, {}, CommandRules(rules, renames, {}), std::move(options), 1);
  return dangerous_commands(policy, *policy.find("u"));
}

TEST(DangerousCommandsTest, WhoMayRunNothingDangerousHasNone) {
  EXPECT_THAT(dangerous("~* -@all"), IsEmpty());
  EXPECT_THAT(dangerous("~* +@all -@dangerous"), IsEmpty());
  EXPECT_THAT(dangerous("~* +@read -@dangerous"), IsEmpty());
}

TEST(DangerousCommandsTest, TheyAreNamedInOrder) {
  EXPECT_THAT(dangerous("~* +keys +flushall +get +config|set"), ElementsAre("config|set", "flushall", "keys"));
}

TEST(DangerousCommandsTest, WhoMayDoEverythingHasAllThatPass) {
  const Names all = dangerous("~* &* +@all");
  EXPECT_THAT(all, IsSupersetOf({"acl|setuser", "config|set", "debug", "flushall", "keys", "migrate", "sort"}));
  EXPECT_THAT(all, Not(Contains("config"))) << "only an error of arity";
  EXPECT_THAT(all, Not(Contains("shutdown"))) << "never passes";
  EXPECT_THAT(all, Not(Contains("get")));
}

TEST(DangerousCommandsTest, EverySelectorCounts) { EXPECT_THAT(dangerous("-@all (~a +keys) (~b +sort)"), ElementsAre("keys", "sort")); }

TEST(DangerousCommandsTest, WhatARuleDeniesIsNotAmongThem) {
  EXPECT_THAT(dangerous("~* +flushall +keys", {rule({"FLUSHALL"}, RuleAction::kDeny)}), ElementsAre("keys"));
  EXPECT_THAT(dangerous("~* +flushall +keys", {rule({"@dangerous"}, RuleAction::kDeny)}), IsEmpty());
  EXPECT_THAT(dangerous("~* +flushall", {rule({"FLUSHALL"}, RuleAction::kObserve)}), ElementsAre("flushall"));
}

TEST(DangerousCommandsTest, OfARewrittenCommandCountsWhatBecomesOfIt) {
  const std::vector<CommandRuleText> softer{rule({"FLUSHALL"}, RuleAction::kRewrite, {"FLUSHDB", "ASYNC"})};
  EXPECT_THAT(dangerous("~* +flushall", softer), IsEmpty()) << "FLUSHDB is not granted";
  EXPECT_THAT(dangerous("~* +flushall +flushdb", softer), ElementsAre("flushall", "flushdb"));
  const std::vector<CommandRuleText> harmless{rule({"FLUSHALL"}, RuleAction::kRewrite, {"PING"})};
  EXPECT_THAT(dangerous("~* +flushall +ping", harmless), IsEmpty());
  // A rewritten command is not matched again: the rule that denies FLUSHDB does not see it.
  const std::vector<CommandRuleText> around{softer.front(), rule({"FLUSHDB"}, RuleAction::kDeny)};
  EXPECT_THAT(dangerous("~* +flushall +flushdb", around), ElementsAre("flushall"));
}

TEST(DangerousCommandsTest, WhatHasNoNameCannotBeSaid) {
  EXPECT_THAT(dangerous("~* +flushall +keys", {}, {{"FLUSHALL", ""}, {"KEYS", "k-17"}}), ElementsAre("keys"));
  EXPECT_THAT(dangerous("~* +config|set", {}, {{"CONFIG", ""}}), IsEmpty());
}

TEST(DangerousCommandsTest, NamesOfAllKeysAreForThoseWithAllKeysWhereThatIsAsked) {
  PolicyOptions strict;
  strict.require_all_keys_for_keyspace = true;
  EXPECT_THAT(dangerous("~a:* +keys"), ElementsAre("keys"));
  EXPECT_THAT(dangerous("~a:* +keys", {}, {}, strict), IsEmpty());
  EXPECT_THAT(dangerous("~* +keys", {}, {}, strict), ElementsAre("keys"));
}

TEST(DangerousCommandsTest, MigrateIsForUsersWithoutLimits) {
  EXPECT_THAT(dangerous("~a:* +migrate"), IsEmpty());
  EXPECT_THAT(dangerous("~* &* +@all"), Contains("migrate"));
}

}  // namespace
}  // namespace respgate::acl
