#include "proxy/metrics/metrics.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "acl/policy_parser.h"
#include "proxy/metrics/exposition.h"

namespace respgate::proxy {
namespace {

using acl::AuthOutcome;
using Reason = acl::Decision::Reason;

acl::PolicyPtr policy_of(const std::string& users, const std::vector<acl::CommandRuleText>& rules = {}) {
  auto principals = acl::parse_policy(users);
  EXPECT_TRUE(principals) << principals.error().errors.front().what;
  return std::make_shared<acl::Policy>(*principals, std::vector<acl::CommandRules::Group>{}, acl::CommandRules(rules, {}, {}),
                                       acl::PolicyOptions{}, 1);
}

acl::PolicyPtr two_users() { return policy_of("user app on nopass ~app:* +@all\nuser reports on nopass ~* +@read\n"); }

// Every series of an exposition with its value.
std::map<std::string, std::string> series_of(const Metrics& metrics) {
  std::map<std::string, std::string> series;
  std::istringstream lines(metrics.expose());
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.rfind(' ');
    EXPECT_TRUE(series.emplace(line.substr(0, space), line.substr(space + 1)).second) << "told twice: " << line;
  }
  return series;
}

// The series that are not 0, but for what is never 0.
std::map<std::string, std::string> counted(const Metrics& metrics) {
  std::map<std::string, std::string> series = series_of(metrics);
  std::erase_if(series, [](const auto& one) {
    return one.second == "0" || one.first.starts_with("respgate_build_info") || one.first == "respgate_reload_success" ||
           one.first == "respgate_audit_available";
  });
  return series;
}

using Counted = std::map<std::string, std::string>;

TEST(MetricsTest, EverySeriesKnownInAdvanceIsZeroFromTheStart) {
  Metrics metrics({"gateway", "sidecar"}, "redis:6379", 2);
  metrics.know_users(*two_users());
  const auto series = series_of(metrics);
  for (const char* user : {"app", "default", "reports"}) {
    for (const char* listener : {"gateway", "sidecar"}) {
      const std::string labels = "listener=\"" + std::string(listener) + "\",user=\"" + user + "\"";
      for (const char* reason : {"wrong_password", "user_off", "not_in_group", "locked_out"}) {
        EXPECT_EQ(series.at("respgate_authentication_failures_total{" + labels + ",reason=\"" + reason + "\"}"), "0");
      }
      for (const char* kind : {"command", "key", "channel", "database"}) {
        EXPECT_EQ(series.at("respgate_" + std::string(kind) + "_authorization_failures_total{" + labels + "}"), "0");
      }
    }
  }
  EXPECT_EQ(series.at("respgate_authentication_failures_total{listener=\"gateway\",user=\"(unknown)\",reason=\"unknown_user\"}"), "0");
  EXPECT_EQ(series.at("respgate_authentication_failures_total{listener=\"gateway\",user=\"(unknown)\",reason=\"locked_out\"}"), "0");
  EXPECT_EQ(series.at("respgate_denied_commands_total{command=\"(unknown)\",reason=\"command\"}"), "0");
  EXPECT_EQ(series.at("respgate_connections_refused_total{listener=\"sidecar\",reason=\"max_connections\"}"), "0");
  EXPECT_EQ(series.at("respgate_commands_total{listener=\"gateway\",result=\"forwarded\"}"), "0");
  EXPECT_EQ(series.at("respgate_lane_desyncs_total{node=\"redis:6379\"}"), "0");
  EXPECT_EQ(series.at("respgate_pushes_dropped_total{node=\"redis:6379\"}"), "0");
  EXPECT_EQ(series.at("respgate_reloads_total{result=\"failure\"}"), "0");
  EXPECT_EQ(series.at("respgate_audit_dropped_total"), "0");
  EXPECT_EQ(series.at("respgate_reload_success"), "1");
  EXPECT_EQ(series.at("respgate_build_info{version=\"" RESPGATE_VERSION "\"}"), "1");
  EXPECT_TRUE(counted(metrics).empty());
}

TEST(MetricsTest, EachFailedLoginBumpsExactlyOneSeries) {
  Metrics metrics({"gateway"}, "n", 1);
  const acl::PolicyPtr policy = two_users();
  metrics.know_users(*policy);
  metrics.count_auth_failure(0, policy->find("app"), AuthOutcome::kWrongPassword);
  metrics.count_auth_failure(0, policy->find("default"), AuthOutcome::kUserOff);
  metrics.count_auth_failure(0, nullptr, AuthOutcome::kUnknownUser);
  metrics.count_auth_failure(0, nullptr, AuthOutcome::kUnknownUser);
  EXPECT_EQ(counted(metrics),
            (Counted{{"respgate_authentication_failures_total{listener=\"gateway\",user=\"app\",reason=\"wrong_password\"}", "1"},
                     {"respgate_authentication_failures_total{listener=\"gateway\",user=\"default\",reason=\"user_off\"}", "1"},
                     {"respgate_authentication_failures_total{listener=\"gateway\",user=\"(unknown)\",reason=\"unknown_user\"}", "2"}}));
}

TEST(MetricsTest, EachDenialBumpsOneAuthorizationCounterAndItsCommand) {
  const std::pair<Reason, std::string> reasons[] = {
      {Reason::kCommand, "command"}, {Reason::kKey, "key"}, {Reason::kChannel, "channel"}, {Reason::kDatabase, "database"}};
  for (const auto& [reason, name] : reasons) {
    Metrics metrics({"gateway"}, "n", 1);
    const acl::PolicyPtr policy = two_users();
    metrics.know_users(*policy);
    metrics.count_denial(0, policy->find("app"), "config|set", reason);
    EXPECT_EQ(counted(metrics), (Counted{{"respgate_" + name + "_authorization_failures_total{listener=\"gateway\",user=\"app\"}", "1"},
                                         {"respgate_denied_commands_total{command=\"config|set\",reason=\"" + name + "\"}", "1"}}));
  }
}

TEST(MetricsTest, AThousandInventedNamesAddNoSeries) {
  Metrics metrics({"gateway"}, "n", 1);
  const acl::PolicyPtr policy = two_users();
  metrics.know_users(*policy);
  const std::size_t before = series_of(metrics).size();
  for (int i = 0; i < 1000; ++i) {
    const std::string invented = "invented" + std::to_string(i);
    metrics.count_auth_failure(0, policy->find(invented), AuthOutcome::kUnknownUser);
    metrics.count_denial(0, policy->find("app"), invented, Reason::kCommand);
  }
  const auto series = series_of(metrics);
  EXPECT_EQ(series.size(), before);
  EXPECT_EQ(series.at("respgate_authentication_failures_total{listener=\"gateway\",user=\"(unknown)\",reason=\"unknown_user\"}"), "1000");
  EXPECT_EQ(series.at("respgate_denied_commands_total{command=\"(unknown)\",reason=\"command\"}"), "1000");
  EXPECT_EQ(series.at("respgate_command_authorization_failures_total{listener=\"gateway\",user=\"app\"}"), "1000");
}

TEST(MetricsTest, AboveTheCeilingUsersBecomeOther) {
  std::string users;
  for (int i = 0; i < 10000; ++i) users += "user u" + std::to_string(10000 + i) + " on nopass +@all\n";
  const acl::PolicyPtr policy = policy_of(users);
  Metrics metrics({"gateway"}, "n", 1);
  metrics.know_users(*policy);
  for (const acl::Principal& user : policy->principals()) {
    metrics.count_denial(0, &user, "get", Reason::kKey);
    metrics.count_rule_hit(user, "keys", acl::RuleAction::kDeny);
    for (const auto& command : protocol::all_commands().subspan(0, 20)) metrics.count_observed_denial(user, command.name, Reason::kKey);
  }
  const auto series = series_of(metrics);
  EXPECT_LE(series.size(), kMaxSeries);
  EXPECT_GE(series.size(), kMaxSeries / 2);
  EXPECT_EQ(series.at("respgate_key_authorization_failures_total{listener=\"gateway\",user=\"u10000\"}"), "1");
  std::uint64_t denials = 0;
  for (const auto& [name, value] : series) {
    if (name.starts_with("respgate_key_authorization_failures_total")) denials += std::stoull(value);
  }
  EXPECT_EQ(denials, 10001u);  // the file's users and "default": none is lost
  EXPECT_GT(std::stoull(series.at("respgate_key_authorization_failures_total{listener=\"gateway\",user=\"(other)\"}")), 1000u);
}

TEST(MetricsTest, UsersWhoAreGoneKeepTheirCounts) {
  Metrics metrics({"gateway"}, "n", 1);
  const acl::PolicyPtr before = two_users();
  metrics.know_users(*before);
  metrics.count_auth_failure(0, before->find("reports"), AuthOutcome::kWrongPassword);
  metrics.know_users(*policy_of("user app on nopass +@all\nuser fresh on nopass +@all\n"));
  const auto series = series_of(metrics);
  EXPECT_EQ(series.at("respgate_authentication_failures_total{listener=\"gateway\",user=\"reports\",reason=\"wrong_password\"}"), "1");
  EXPECT_EQ(series.at("respgate_authentication_failures_total{listener=\"gateway\",user=\"fresh\",reason=\"wrong_password\"}"), "0");
}

TEST(MetricsTest, RuleHitsThatThePolicyMakesPossibleAreZeroFromTheStart) {
  acl::CommandRuleText rule;
  rule.match = {"FLUSHALL", "CONFIG|SET"};
  rule.users = {"app"};
  const acl::PolicyPtr policy = policy_of("user app on nopass +@all\nuser reports on nopass +@all\n", {rule});
  Metrics metrics({"gateway"}, "n", 1);
  metrics.know_users(*policy);
  metrics.count_rule_hit(*policy->find("app"), "flushall", acl::RuleAction::kDeny);
  std::map<std::string, std::string> hits = series_of(metrics);
  std::erase_if(hits, [](const auto& one) { return !one.first.starts_with("respgate_command_rule_hits_total"); });
  EXPECT_EQ(hits, (Counted{{"respgate_command_rule_hits_total{user=\"app\",command=\"flushall\",action=\"deny\"}", "1"},
                           {"respgate_command_rule_hits_total{user=\"app\",command=\"config|set\",action=\"deny\"}", "0"}}));
}

TEST(MetricsTest, ObservedDenialsAreCountedByUserCommandAndReason) {
  Metrics metrics({"gateway"}, "n", 1);
  const acl::PolicyPtr policy = two_users();
  metrics.count_observed_denial(*policy->find("app"), "get", Reason::kKey);
  metrics.count_observed_denial(*policy->find("app"), "invented", Reason::kCommand);
  EXPECT_EQ(counted(metrics), (Counted{{"respgate_observed_denials_total{user=\"app\",command=\"get\",reason=\"key\"}", "1"},
                                       {"respgate_observed_denials_total{user=\"app\",command=\"(unknown)\",reason=\"command\"}", "1"}}));
}

TEST(MetricsTest, WorkersAreSummed) {
  Metrics metrics({"a", "b"}, "n", 3);
  for (std::size_t i = 0; i < 3; ++i) {
    metrics.listener("b").of_worker[i].connections.add(2);
    metrics.listener("b").of_worker[i].connections.subtract();
    metrics.listener("b").of_worker[i].commands_forwarded.add(10);
    metrics.worker(i).upstream.in_flight.add(5);
  }
  EXPECT_EQ(counted(metrics), (Counted{{"respgate_connections{listener=\"b\"}", "3"},
                                       {"respgate_commands_total{listener=\"b\",result=\"forwarded\"}", "30"},
                                       {"respgate_upstream_in_flight{node=\"n\"}", "15"}}));
}

TEST(MetricsTest, AListenerThatComesLaterHasAllItsSeriesAndOneThatComesBackGoesOn) {
  Metrics metrics({"a"}, "n", 1);
  const acl::PolicyPtr policy = two_users();
  metrics.know_users(*policy);
  ListenerMetrics& late = metrics.listener("late");
  EXPECT_EQ(late.index, 1u);
  const std::string of_app = "respgate_key_authorization_failures_total{listener=\"late\",user=\"app\"}";
  EXPECT_EQ(series_of(metrics).at(of_app), "0");
  EXPECT_EQ(series_of(metrics).at("respgate_connections_total{listener=\"late\"}"), "0");
  metrics.count_denial(late.index, policy->find("app"), "get", Reason::kKey);
  late.of_worker[0].connections_total.add(3);
  EXPECT_EQ(&metrics.listener("late"), &late);
  EXPECT_EQ(series_of(metrics).at(of_app), "1");
  EXPECT_EQ(series_of(metrics).at("respgate_connections_total{listener=\"late\"}"), "3");
}

TEST(MetricsTest, ListenersThatComeWhenTheCeilingIsNearCountTheirUsersAsOther) {
  std::string users;
  for (int i = 0; i < 1500; ++i) users += "user u" + std::to_string(1000 + i) + " on nopass +@all\n";
  const acl::PolicyPtr policy = policy_of(users);
  Metrics metrics({"a"}, "n", 1);
  metrics.know_users(*policy);
  for (const char* name : {"b", "c"}) {
    const std::size_t listener = metrics.listener(name).index;
    for (const acl::Principal& user : policy->principals()) metrics.count_denial(listener, &user, "get", Reason::kKey);
  }
  const auto series = series_of(metrics);
  EXPECT_LE(series.size(), kMaxSeries);
  for (const std::string name : {"b", "c"}) {
    std::uint64_t denials = 0;
    for (const auto& [label, value] : series)
      if (label.starts_with("respgate_key_authorization_failures_total{listener=\"" + name + "\"")) denials += std::stoull(value);
    EXPECT_EQ(denials, policy->principals().size()) << "none is lost at listener " << name;
  }
}

TEST(MetricsTest, ADurationFallsIntoItsBucketAndAllAboveIt) {
  Metrics metrics({"a"}, "n", 2);
  metrics.listener("a").of_worker[0].observe_duration(50'000);          // exactly a bound
  metrics.listener("a").of_worker[1].observe_duration(3'000'000'000);   // 3 s
  metrics.listener("a").of_worker[1].observe_duration(60'000'000'000);  // beyond the last bound
  const auto series = series_of(metrics);
  EXPECT_EQ(series.at("respgate_command_duration_seconds_bucket{listener=\"a\",le=\"5e-05\"}"), "1");
  EXPECT_EQ(series.at("respgate_command_duration_seconds_bucket{listener=\"a\",le=\"2.5\"}"), "1");
  EXPECT_EQ(series.at("respgate_command_duration_seconds_bucket{listener=\"a\",le=\"5\"}"), "2");
  EXPECT_EQ(series.at("respgate_command_duration_seconds_bucket{listener=\"a\",le=\"+Inf\"}"), "3");
  EXPECT_EQ(series.at("respgate_command_duration_seconds_count{listener=\"a\"}"), "3");
  EXPECT_EQ(series.at("respgate_command_duration_seconds_sum{listener=\"a\"}").substr(0, 8), "63.00005");
}

TEST(MetricsTest, AFailedReloadKeepsTheTimeOfTheLastGoodOne) {
  Metrics metrics({"a"}, "n", 1);
  metrics.note_start(1000);
  metrics.count_reload(true, 2000);
  metrics.count_reload(false, 3000);
  metrics.count_reload(false, 4000);
  const auto series = series_of(metrics);
  EXPECT_EQ(series.at("respgate_reload_success"), "0");
  EXPECT_EQ(series.at("respgate_reload_timestamp_seconds"), "2000");
  EXPECT_EQ(series.at("respgate_reloads_total{result=\"success\"}"), "1");
  EXPECT_EQ(series.at("respgate_reloads_total{result=\"failure\"}"), "2");
}

TEST(MetricsTest, RefusedConnectionsAndDroppedAuditEventsAreCounted) {
  Metrics metrics({"a"}, "n", 1);
  metrics.listener("a").count_refused(RefusedConnection::kMaxConnections);
  metrics.count_audit_dropped(7);
  EXPECT_EQ(counted(metrics), (Counted{{"respgate_connections_refused_total{listener=\"a\",reason=\"max_connections\"}", "1"},
                                       {"respgate_audit_dropped_total", "7"}}));
}

TEST(MetricsTest, TheChainOfTheAuditHasAPositionWhereThereIsOne) {
  Metrics metrics({"a"}, "n", 1);
  EXPECT_FALSE(series_of(metrics).contains("respgate_audit_chain_position"));
  metrics.know_audit(false, 41);
  EXPECT_EQ(series_of(metrics).at("respgate_audit_chain_position"), "41");
  EXPECT_EQ(series_of(metrics).at("respgate_audit_available"), "0");
  EXPECT_EQ(series_of(metrics).at("respgate_audit_refused_total{listener=\"a\"}"), "0");
}

TEST(MetricsTest, ManyThreadsLoseNoCountWhileOthersScrape) {
  Metrics metrics({"a"}, "n", 4);
  const acl::PolicyPtr policy = two_users();
  ListenerMetrics& listener = metrics.listener("a");
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) {
        listener.of_worker[t].commands_denied.add();
        metrics.count_denial(0, policy->find("app"), "get", Reason::kKey);
        metrics.count_rule_hit(*policy->find("reports"), "keys", acl::RuleAction::kObserve);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    metrics.know_users(*policy);
    EXPECT_FALSE(metrics.expose().empty());
  }
  for (std::thread& thread : threads) thread.join();
  const auto series = series_of(metrics);
  EXPECT_EQ(series.at("respgate_commands_total{listener=\"a\",result=\"denied\"}"), "4000");
  EXPECT_EQ(series.at("respgate_denied_commands_total{command=\"get\",reason=\"key\"}"), "4000");
  EXPECT_EQ(series.at("respgate_command_rule_hits_total{user=\"reports\",command=\"keys\",action=\"observe\"}"), "4000");
}

TEST(ExpositionTest, EveryFamilySaysWhatItIs) {
  Exposition out;
  out.begin_counter("c_total", "Counts.");
  out.add({{"a", "x"}, {"b", "y"}}, 3);
  out.begin_gauge("g", "Stands.");
  out.add({}, 1'700'000'000);
  EXPECT_EQ(out.text(),
            "# HELP c_total Counts.\n# TYPE c_total counter\nc_total{a=\"x\",b=\"y\"} 3\n"
            "# HELP g Stands.\n# TYPE g gauge\ng 1700000000\n");
}

TEST(ExpositionTest, NoLabelCanEndItsQuotesOrItsLine) {
  Exposition out;
  out.begin_counter("c", "h");
  out.add({{"user", "a\"} 9\nforged{b=\"\\\xff"}}, 1);
  EXPECT_EQ(out.text(), "# HELP c h\n# TYPE c counter\nc{user=\"a\\\\x22} 9\\\\x0aforged{b=\\\\x22\\\\x5c\\\\xff\"} 1\n");
}

TEST(ExpositionTest, LongNamesAreNeverMixedUp) {
  Exposition out;
  out.begin_counter("c", "h");
  out.add({{"user", std::string(200, 'u') + "1"}}, 1);
  EXPECT_NE(out.text().find(std::string(200, 'u') + "1\""), std::string::npos);
}

}  // namespace
}  // namespace respgate::proxy
