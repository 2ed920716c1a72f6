#include "acl/command_rules.h"

#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

using Kind = RuleOutcome::Kind;
using Groups = std::vector<CommandRules::Group>;
using Rules = std::vector<CommandRuleText>;
using Renames = std::vector<RenameText>;

CommandRuleText deny(std::vector<std::string> match, std::string message = {}) {
  return {std::move(match), {}, {}, RuleAction::kDeny, {}, std::move(message)};
}
CommandRuleText observe(std::vector<std::string> match) { return {std::move(match), {}, {}, RuleAction::kObserve, {}, {}}; }
CommandRuleText rewrite(std::vector<std::string> match, std::vector<std::string> to) {
  return {std::move(match), {}, {}, RuleAction::kRewrite, std::move(to), {}};
}
CommandRuleText for_users(CommandRuleText rule, std::vector<std::string> users) {
  rule.users = std::move(users);
  return rule;
}
CommandRuleText for_groups(CommandRuleText rule, std::vector<std::string> groups) {
  rule.groups = std::move(groups);
  return rule;
}

RuleOutcome apply(const CommandRules& rules, std::string_view user, std::string_view command) {
  return rules.apply(*parse_user(user, {}), *protocol::find_command_by_name(command));
}

TEST(CommandRulesTest, NoRulesMatchNothing) {
  EXPECT_TRUE(CommandRules().empty());
  EXPECT_EQ(apply(CommandRules(), "u", "flushall").kind, Kind::kNone);
  EXPECT_EQ(apply(CommandRules(Rules{deny({"KEYS"})}, {}, {}), "u", "flushall").kind, Kind::kNone);
}

TEST(CommandRulesTest, DenyCarriesItsMessageAndItsPlace) {
  const CommandRules rules(Rules{deny({"keys"}), deny({"FlushAll", "flushdb"}, "use the runbook")}, {}, {});
  const RuleOutcome outcome = apply(rules, "u", "flushdb");
  EXPECT_EQ(outcome.kind, Kind::kDeny);
  EXPECT_EQ(outcome.rule, 1);
  EXPECT_EQ(outcome.message, "use the runbook");
  EXPECT_FALSE(rules.empty());
}

TEST(CommandRulesTest, RewriteCarriesTheWholeCommand) {
  const CommandRules rules(Rules{rewrite({"FLUSHALL"}, {"FLUSHDB", "ASYNC"})}, {}, {});
  const RuleOutcome outcome = apply(rules, "u", "flushall");
  EXPECT_EQ(outcome.kind, Kind::kRewrite);
  EXPECT_EQ(std::vector<std::string>(outcome.replacement.begin(), outcome.replacement.end()),
            (std::vector<std::string>{"FLUSHDB", "ASYNC"}));
}

TEST(CommandRulesTest, FirstMatchEndsItObserveIncluded) {
  const CommandRules rules(Rules{observe({"KEYS"}), deny({"@dangerous"})}, {}, {});
  EXPECT_EQ(apply(rules, "u", "keys").kind, Kind::kObserve);
  EXPECT_EQ(apply(rules, "u", "flushall").kind, Kind::kDeny);
}

TEST(CommandRulesTest, ContainersMatchWithTheirSubcommandsAndSubcommandsAlone) {
  const CommandRules whole(Rules{deny({"CONFIG"})}, {}, {}), part(Rules{deny({"CONFIG|SET"})}, {}, {});
  EXPECT_EQ(apply(whole, "u", "config|get").kind, Kind::kDeny);
  EXPECT_EQ(apply(part, "u", "config|get").kind, Kind::kNone);
  EXPECT_EQ(apply(part, "u", "config|set").kind, Kind::kDeny);
}

TEST(CommandRulesTest, CategoriesMatchTheirCommands) {
  const CommandRules rules(Rules{deny({"@Dangerous"})}, {}, {}), all(Rules{observe({"@all"})}, {}, {});
  EXPECT_EQ(apply(rules, "u", "config|set").kind, Kind::kDeny);
  EXPECT_EQ(apply(rules, "u", "get").kind, Kind::kNone);
  EXPECT_EQ(apply(all, "u", "get").kind, Kind::kObserve);
}

TEST(CommandRulesTest, UsersAndGroupsNarrowARule) {
  const CommandRules rules(Rules{for_users(deny({"KEYS"}), {"alice"}), for_groups(observe({"KEYS"}), {"staff"}),
                                 for_groups(for_users(rewrite({"KEYS"}, {"PING"}), {"dora"}), {"guests"})},
                           {}, Groups{{"staff", {"bob", "alice"}}, {"guests", {"eve"}}});
  EXPECT_EQ(apply(rules, "alice", "keys").kind, Kind::kDeny);
  EXPECT_EQ(apply(rules, "bob", "keys").kind, Kind::kObserve);
  EXPECT_EQ(apply(rules, "dora", "keys").kind, Kind::kRewrite);
  EXPECT_EQ(apply(rules, "eve", "keys").kind, Kind::kRewrite);
  EXPECT_EQ(apply(rules, "carol", "keys").kind, Kind::kNone);
  EXPECT_EQ(apply(rules, "ALICE", "keys").kind, Kind::kNone);
}

TEST(CommandRulesTest, ARuleForAGroupWithoutMembersIsForNobody) {
  const CommandRules rules(Rules{for_groups(deny({"KEYS"}), {"empty"})}, {}, Groups{{"empty", {}}});
  EXPECT_EQ(apply(rules, "u", "keys").kind, Kind::kNone);
}

TEST(CommandRulesTest, ActionsHaveTheirConfiguredNames) {
  EXPECT_EQ(rule_action_name(RuleAction::kDeny), "deny");
  EXPECT_EQ(rule_action_name(RuleAction::kRewrite), "rewrite");
  EXPECT_EQ(rule_action_name(RuleAction::kObserve), "observe");
}

std::vector<std::string> problems_of(const Rules& rules, const Renames& renames = {}, const Groups& groups = {}) {
  std::vector<std::string> lines;
  for (const CommandRules::Problem& problem : CommandRules::check(rules, renames, groups)) {
    const std::string list = problem.in == CommandRules::Problem::In::kRule ? "rule " : "rename ";
    lines.push_back(list + std::to_string(problem.index) + " " + problem.field + ": " + problem.what);
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(CommandRulesCheckTest, GoodRulesHaveNoProblems) {
  EXPECT_EQ(problems_of({deny({"FLUSHALL", "CONFIG|SET", "@dangerous", "@all"}, "no"), rewrite({"FLUSHALL"}, {"flushdb"}),
                         observe({"keys"}), for_groups(observe({"KEYS"}), {"staff"})},
                        {{"CONFIG", "cfg-9d1f"}, {"DEBUG", ""}}, {{"staff", {"u"}}}),
            Lines{});
}

TEST(CommandRulesCheckTest, EveryProblemOfARuleIsFound) {
  EXPECT_EQ(problems_of({deny({}), for_groups(deny({"KEYZ", "@dangerus", "CONFIG|ST"}), {"nogroup"})}),
            (Lines{"rule 0 match: a rule without commands; write match: [FLUSHALL, \"CONFIG|SET\", \"@dangerous\"]",
                   "rule 1 match: unknown command 'KEYZ'; did you mean 'keys'?",
                   "rule 1 match: unknown category '@dangerus'; did you mean 'dangerous'?",
                   "rule 1 match: unknown command 'CONFIG|ST'; did you mean 'config|set'?",
                   "rule 1 groups: unknown group 'nogroup'; define it under users.groups"}));
}

TEST(CommandRulesCheckTest, ReplacementsMustBeWholeCommands) {
  CommandRuleText denies_to = deny({"KEYS"});
  denies_to.to = {"PING"};
  EXPECT_EQ(problems_of({denies_to, rewrite({"KEYS"}, {}), rewrite({"KEYS"}, {"NOSUCHTHING"}), rewrite({"KEYS"}, {"CONFIG", "NOSUCH"}),
                         rewrite({"KEYS"}, {"CONFIG"}), rewrite({"KEYS"}, {"GET"})}),
            (Lines{"rule 0 to: 'to' belongs to action: rewrite; remove it, or write action: rewrite",
                   "rule 1 to: a rewrite needs the command to send instead; write to: [FLUSHDB, ASYNC]",
                   "rule 2 to: unknown command 'NOSUCHTHING'", "rule 3 to: unknown subcommand 'NOSUCH' of 'CONFIG'",
                   "rule 4 to: wrong number of arguments for 'config'; write the whole command",
                   "rule 5 to: wrong number of arguments for 'get'; write the whole command"}));
}

TEST(CommandRulesCheckTest, MessagesAreOnePlainLineOfADenial) {
  CommandRuleText observes = observe({"KEYS"});
  observes.message = "why";
  EXPECT_EQ(problems_of({observes, deny({"KEYS"}, "a\r\n+OK"), deny({"KEYS"}, std::string(257, 'x'))}),
            (Lines{"rule 0 message: 'message' belongs to action: deny; remove it, or write action: deny",
                   "rule 1 message: line breaks and control bytes cannot be part of a reply; write one plain line",
                   "rule 2 message: the message is longer than 256 bytes; write a shorter one"}));
}

TEST(CommandRulesCheckTest, RenamesMustNotMeetOtherNames) {
  EXPECT_EQ(problems_of({}, {{"NOSUCHTHING", "x"},
                             {"CONFIG|SET", "y"},
                             {"KEYS", "get"},
                             {"FLUSHALL", "z"},
                             {"FLUSHDB", "Z"},
                             {"flushall", "q"},
                             {"DEBUG", "a b"},
                             {"ACL", "host:"},
                             {"SAVE", "a|b"},
                             {"BGSAVE", std::string(65, 'x')}}),
            (Lines{"rename 0 from: unknown command 'NOSUCHTHING'",
                   "rename 1 from: a subcommand cannot be renamed; rename CONFIG, or deny CONFIG|SET with a rule",
                   "rename 2 to: 'get' is a command already; write a name that is none",
                   "rename 4 to: two commands are renamed to 'Z'; write another name for one of them",
                   "rename 5 from: 'flushall' is renamed twice; keep one of the two",
                   "rename 6 to: a new name is made of printable ASCII without blanks, quotes, '*' and '|'; write one like cfg-9d1f",
                   "rename 7 to: 'host:' is how an HTTP request or a PROXY header begins, which is cut off; write another name",
                   "rename 8 to: a new name is made of printable ASCII without blanks, quotes, '*' and '|'; write one like cfg-9d1f",
                   "rename 9 to: the new name is longer than 64 bytes; write a shorter one"}));
}

}  // namespace
}  // namespace respgate::acl
