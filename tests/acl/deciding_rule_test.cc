#include "acl/deciding_rule.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

Principal user(const std::vector<std::string>& rules) {
  const auto parsed = parse_user("u", rules);
  EXPECT_TRUE(parsed.has_value());
  return *parsed;
}

std::string decides(const std::vector<std::string>& rules, const std::vector<std::string_view>& words) {
  const Principal principal = user(rules);
  return deciding_command_rule(principal.selectors().front(), *protocol::find_command(words).spec, words);
}

TEST(DecidingRuleTest, TheLastRuleAboutACommandDecides) {
  EXPECT_EQ(decides({"+@all", "-@dangerous"}, {"KEYS", "*"}), "-@dangerous");
  EXPECT_EQ(decides({"+@all", "-@dangerous"}, {"GET", "a"}), "+@all");
  EXPECT_EQ(decides({"+@all", "-@dangerous", "+keys"}, {"KEYS", "*"}), "+keys");
  EXPECT_EQ(decides({}, {"GET", "a"}), "-@all");
}

TEST(DecidingRuleTest, ASubcommandIsSpokenOfByItsContainerToo) {
  EXPECT_EQ(decides({"+config"}, {"CONFIG", "GET", "x"}), "+config");
  EXPECT_EQ(decides({"+config", "-config|set"}, {"CONFIG", "SET", "x", "y"}), "-config|set");
  EXPECT_EQ(decides({"+config", "-config|set"}, {"CONFIG", "GET", "x"}), "+config");
}

TEST(DecidingRuleTest, AFirstArgumentIsARuleOfItsOwn) {
  EXPECT_EQ(decides({"+select|0"}, {"SELECT", "0"}), "+select|0");
  EXPECT_EQ(decides({"+select|0"}, {"SELECT", "1"}), "-@all");
}

// What it says is what the bits say, for every command and some rules in odd orders.
TEST(DecidingRuleTest, ItsSignIsTheDecision) {
  for (const std::vector<std::string>& rules : std::vector<std::vector<std::string>>{{"+@read", "-@keyspace", "+scan"},
                                                                                     {"+@all", "-config", "+config|get", "-@slow"},
                                                                                     {"+client", "-@connection", "+client|id"},
                                                                                     {}}) {
    const Principal principal = user(rules);
    const Selector& selector = principal.selectors().front();
    for (const protocol::CommandSpec& spec : protocol::all_commands()) {
      const std::string rule = deciding_command_rule(selector, spec, {});
      EXPECT_EQ(rule.starts_with('+'), selector.commands().contains(spec.id)) << spec.name << " by " << rule;
    }
  }
}

TEST(DecidingRuleTest, KeyRulesAreToldByWhatTheyGrant) {
  using protocol::Access;
  const Principal principal = user({"%R~shared:*", "~app:*", "%W~*:log", "&news"});
  const Selector& selector = principal.selectors().front();
  EXPECT_EQ(granting_key_rule(selector, "app:1", Access::kReadWrite), "~app:*");
  EXPECT_EQ(granting_key_rule(selector, "shared:1", Access::kRead), "%R~shared:*");
  EXPECT_EQ(granting_key_rule(selector, "shared:1", Access::kWrite), "");
  EXPECT_EQ(insufficient_key_rule(selector, "shared:1", Access::kWrite), "%R~shared:*");
  EXPECT_EQ(insufficient_key_rule(selector, "other", Access::kWrite), "");
  EXPECT_EQ(granting_key_rule(selector, "x:log", Access::kAny), "%W~*:log");
  EXPECT_EQ(granting_channel_rule(selector, "news", false), "&news");
  EXPECT_EQ(granting_channel_rule(selector, "new*", true), "");
  const Principal all = user({"~*", "&*"});
  EXPECT_EQ(granting_key_rule(all.selectors().front(), "any", Access::kReadWrite), "~*");
  EXPECT_EQ(granting_channel_rule(all.selectors().front(), "any", true), "&*");
}

}  // namespace
}  // namespace respgate::acl
