#include "proxy/metrics/tally.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "acl/policy_parser.h"
#include "proxy/metrics/metrics.h"

namespace respgate::proxy {
namespace {

using acl::AuthOutcome;
using Reason = acl::Decision::Reason;

acl::PolicyPtr policy_of(const std::string& users) {
  auto principals = acl::parse_policy(users);
  EXPECT_TRUE(principals);
  return std::make_shared<acl::Policy>(*principals, std::vector<acl::CommandRules::Group>{}, acl::CommandRules(), acl::PolicyOptions{}, 1);
}

TEST(MostFailuresTest, WhoHasNoneIsNotTold) {
  Metrics metrics({"gateway"}, "redis:6379", 1);
  metrics.know_users(*policy_of("user app on nopass ~* +@all\n"));
  EXPECT_TRUE(most_failures(metrics.tally(), 10).empty());
}

TEST(MostFailuresTest, TheyAreSummedOverListenersAndReasons) {
  Metrics metrics({"gateway", "sidecar"}, "redis:6379", 1);
  const acl::PolicyPtr policy = policy_of("user app on nopass ~* +@all\nuser other on nopass ~* +@all\n");
  const acl::Principal* app = policy->find("app");
  metrics.count_auth_failure(0, app, AuthOutcome::kWrongPassword);
  metrics.count_auth_failure(1, app, AuthOutcome::kUserOff);
  metrics.count_auth_failure(1, nullptr, AuthOutcome::kUnknownUser);
  metrics.count_denial(0, app, "get", Reason::kKey);
  metrics.count_denial(1, app, "set", Reason::kKey);
  metrics.count_denial(1, app, "flushall", Reason::kCommand);
  const std::vector<UserTally> users = most_failures(metrics.tally(), 10);
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].user, "app");
  EXPECT_EQ(users[0].failures.authentication, 2u);
  EXPECT_EQ(users[0].failures.denials, (std::array<std::uint64_t, 4>{1, 2, 0, 0}));
  EXPECT_EQ(users[1].user, kUnknownLabel);
}

TEST(MostFailuresTest, ThoseWithMostAreKept) {
  Metrics metrics({"gateway"}, "redis:6379", 1);
  const acl::PolicyPtr policy = policy_of("user a on nopass +@all\nuser b on nopass +@all\nuser c on nopass +@all\n");
  for (const char* name : {"a", "b", "b", "b", "c", "c"}) metrics.count_auth_failure(0, policy->find(name), AuthOutcome::kWrongPassword);
  const std::vector<UserTally> users = most_failures(metrics.tally(), 2);
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].user, "b");
  EXPECT_EQ(users[1].user, "c");
}

TEST(ProcessTallyTest, WorkersAreSummed) {
  Metrics metrics({"gateway", "sidecar"}, "redis:6379", 2);
  for (ListenerCounters& counters : metrics.listener("sidecar").of_worker) {
    counters.commands_forwarded.add(10);
    counters.commands_local.add();
    counters.commands_denied.add(3);
  }
  for (std::size_t worker = 0; worker < 2; ++worker) metrics.worker(worker).upstream.lanes.add();
  metrics.worker(1).upstream.desyncs_total.add();
  metrics.count_reload(false, 100);
  metrics.count_audit_dropped(7);
  const ProcessTally tally = metrics.process_tally();
  ASSERT_EQ(tally.commands.size(), 2u);
  EXPECT_EQ(tally.commands[0].forwarded, 0u);
  EXPECT_EQ(tally.commands[1].forwarded, 20u);
  EXPECT_EQ(tally.commands[1].local, 2u);
  EXPECT_EQ(tally.commands[1].denied, 6u);
  EXPECT_EQ(tally.node.node, "redis:6379");
  EXPECT_EQ(tally.node.lanes, 2u);
  EXPECT_EQ(tally.node.desyncs, 1u);
  EXPECT_FALSE(tally.is_last_reload_good);
  EXPECT_EQ(tally.audit_dropped, 7u);
}

}  // namespace
}  // namespace respgate::proxy
