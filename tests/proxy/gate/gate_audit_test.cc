// When the audit log takes nothing and nothing may pass without it.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/gate_client.h"

namespace respgate::proxy {
namespace {

using Kind = Verdict::Kind;
using Refusal = Verdict::Refusal;
using Words = std::vector<std::string>;

constexpr Standing kUnaudited{.audit_refuses = true};
constexpr Standing kUnauditedWithLane{.has_lane = true, .audit_refuses = true};
const std::string kUnavailable = "-ERR respgate: audit unavailable\r\n";

TEST(GateAuditTest, NoCommandThatReachesTheNodePasses) {
  Client client({}, "admin");
  for (const Words& words : std::vector<Words>{{"GET", "a"},
                                               {"FLUSHALL"},
                                               {"BLPOP", "a", "0"},
                                               {"MULTI"},
                                               {"WATCH", "a"},
                                               {"SUBSCRIBE", "a"},
                                               {"EVAL", "return 1", "0"},
                                               {"CONFIG", "GET", "x"},
                                               {"INFO"}}) {
    const Verdict verdict = client.say(words, kUnaudited);
    EXPECT_EQ(verdict.kind, Kind::kAnswer) << words[0];
    EXPECT_EQ(verdict.refusal, Refusal::kNotAudited) << words[0];
    EXPECT_EQ(verdict.answer, kUnavailable) << words[0];
    EXPECT_FALSE(verdict.noteworthy()) << words[0];
  }
  EXPECT_EQ(client.say({"GET", "a"}).kind, Kind::kForward) << "it ends with the cause";
}

TEST(GateAuditTest, WhatIsDeniedAnywayIsNotToldApart) {
  Client client({}, "app");
  EXPECT_EQ(client.say({"GET", "other"}, kUnaudited).answer, kUnavailable);
  EXPECT_EQ(client.say({"FLUSHALL"}, kUnaudited).answer, kUnavailable);
}

TEST(GateAuditTest, NobodyLogsIn) {
  for (const Words& words :
       std::vector<Words>{{"AUTH", "app", "app-secret"}, {"AUTH", "app", "wrong"}, {"HELLO", "3", "AUTH", "app", "app-secret"}}) {
    Client client;
    const Verdict verdict = client.say(words, kUnaudited);
    EXPECT_EQ(verdict.answer, kUnavailable);
    EXPECT_FALSE(verdict.login_attempted) << "an attacker learns nothing";
    EXPECT_EQ(client.user(), "");
  }
}

TEST(GateAuditTest, WhatTheProxyAnswersItselfGoesOn) {
  Client client({}, "app");
  EXPECT_EQ(client.say({"PING"}, kUnaudited).answer, "+PONG\r\n");
  EXPECT_EQ(client.say({"ACL", "WHOAMI"}, kUnaudited).answer, "$3\r\napp\r\n");
  EXPECT_EQ(client.say({"HELLO", "2"}, kUnaudited).refusal, Refusal::kNone);
  EXPECT_EQ(client.say({"QUIT"}, kUnaudited).kind, Kind::kClose);
  Client stranger;
  EXPECT_EQ(stranger.say({"GET", "a"}, kUnaudited).answer, "-NOAUTH Authentication required.\r\n");
}

TEST(GateAuditTest, ATransactionThatWasBegunRunsNothing) {
  Client client({}, "admin");
  ASSERT_EQ(client.say({"MULTI"}).kind, Kind::kForward);
  ASSERT_EQ(client.say({"SET", "a", "1"}, kWithLane).kind, Kind::kForward);
  EXPECT_EQ(client.say({"SET", "b", "1"}, kUnauditedWithLane).answer, kUnavailable);
  const Verdict verdict = client.say({"EXEC"}, kWithLane);  // takes lines again, but half of it was refused
  EXPECT_EQ(words(verdict), "DISCARD");
  EXPECT_EQ(verdict.reading, Request::Reading::kAborted);
}

TEST(GateAuditTest, ExecItselfRunsNothing) {
  Client client({}, "admin");
  client.say({"MULTI"});
  client.say({"SET", "a", "1"}, kWithLane);
  const Verdict verdict = client.say({"EXEC"}, kUnauditedWithLane);
  EXPECT_EQ(words(verdict), "DISCARD");
  EXPECT_EQ(verdict.refusal, Refusal::kNotAudited);
  EXPECT_EQ(client.gate_.read_reply(verdict.reading, "+OK\r\n"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

TEST(GateAuditTest, WhatEndsWhatTheClientHoldsPasses) {
  Client client({}, "admin");
  client.say({"MULTI"});
  EXPECT_EQ(client.say({"DISCARD"}, kUnauditedWithLane).kind, Kind::kForward);
  client.say({"WATCH", "a"}, kWithLane);
  EXPECT_EQ(client.say({"UNWATCH"}, kUnauditedWithLane).kind, Kind::kForward);
  client.say({"SUBSCRIBE", "a"}, kWithLane);
  EXPECT_EQ(client.say({"UNSUBSCRIBE"}, kUnauditedWithLane).kind, Kind::kForward);
}

TEST(GateAuditTest, ARuleThatMakesItSomethingForTheNodeDoesNotOpenAWay) {
  Setting setting;
  setting.rules = {{.match = {"ECHO"}, .users = {}, .groups = {}, .action = acl::RuleAction::kRewrite, .to = {"FLUSHALL"}, .message = {}}};
  Client client(setting, "admin");
  EXPECT_EQ(words(client.say({"ECHO", "x"})), "FLUSHALL");
  EXPECT_EQ(client.say({"ECHO", "x"}, kUnaudited).answer, kUnavailable);
}

}  // namespace
}  // namespace respgate::proxy
