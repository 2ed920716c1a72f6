// What the tables of tests/acl/cases cannot say: which selector granted, and what is
// decided from the name alone.
#include "acl/authorizer.h"

#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

using Words = std::vector<std::string_view>;

Decision decide(const std::vector<std::string>& rules, const Words& args) {
  const protocol::CommandSpec& spec = *protocol::find_command(args).spec;
  protocol::TargetFinder finder;
  return authorize(*parse_user("u", rules), spec, args, finder.find(spec, args), {}, 0);
}

TEST(AuthorizerTest, SaysWhichSelectorGranted) {
  const std::vector<std::string> rules{"+get", "~a", "(+get ~b)", "(+get ~c)"};
  EXPECT_EQ(decide(rules, {"get", "a"}).selector, 0);
  EXPECT_EQ(decide(rules, {"get", "b"}).selector, 1);
  EXPECT_EQ(decide(rules, {"get", "c"}).selector, 2);
  EXPECT_EQ(decide(rules, {"get", "d"}).selector, -1);
}

// A selector that the server would let pass but we do not is no reason to forget a later one.
TEST(AuthorizerTest, LaterSelectorMayGrantWhatAnEarlierOneDoesOnlyForTheServer) {
  EXPECT_TRUE(decide({"+sort", "~k", "(+sort ~*)"}, {"sort", "k", "by", "w*"}).allowed());
}

bool refused(const std::vector<std::string>& rules, const Words& head) {
  return refused_by_name(*parse_user("u", rules), *protocol::find_command(head).spec, head);
}

TEST(RefusedByNameTest, WhatNoSelectorGrantsIsRefused) {
  EXPECT_TRUE(refused({"+set"}, {"get"}));
  EXPECT_TRUE(refused({"+config|get"}, {"config", "set"}));
  EXPECT_FALSE(refused({"+get"}, {"get"}));
  EXPECT_FALSE(refused({"+set", "(+get)"}, {"get"}));
  EXPECT_FALSE(refused({}, {"auth"}));
}

TEST(RefusedByNameTest, FirstArgumentsAreWaitedFor) {
  EXPECT_FALSE(refused({"+select|0"}, {"select"}));
  EXPECT_FALSE(refused({"+select|0"}, {"select", "0"}));
  EXPECT_TRUE(refused({"+select|0"}, {"select", "1"}));
  EXPECT_TRUE(refused({"+select|0"}, {"get"}));
}

TEST(RefusedByNameTest, KeysAreNotLookedAt) { EXPECT_FALSE(refused({"+get"}, {"get", "k"})); }

}  // namespace
}  // namespace respgate::acl
