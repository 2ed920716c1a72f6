// What a gate makes of a failed login, and of INFO, with a process around it.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/gate_client.h"
#include "tests/proxy/process_view_fake.h"

namespace respgate::proxy {
namespace {

using acl::AuthOutcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kWrong = "-" + std::string(kWrongPass) + "\r\n";

TEST(GateGuessingTest, EveryTryIsToldOnceWhetherOrNotThereIsSuchAUser) {
  FakeProcess process;
  Client client({}, "", "", &process);
  client.say({"AUTH", "app", "wrong"});
  client.say({"AUTH", "nobody", "wrong"});
  client.say({"AUTH", "gone", "gone-secret"});
  client.say({"HELLO", "3", "AUTH", "app", "wrong"});
  client.say({"AUTH", "wrong"});
  client.say({"AUTH", "app", "app-secret"});
  client.say({"AUTH", "a", "b", "c"});
  client.say({"HELLO", "3", "AUTH", "app", "app-secret", "BOGUS"});
  EXPECT_THAT(process.tries, ElementsAre("192.0.2.1 app wrong", "192.0.2.1 nobody wrong", "192.0.2.1 gone wrong", "192.0.2.1 app wrong",
                                         "192.0.2.1 default wrong", "192.0.2.1 app right"));
}

TEST(GateGuessingTest, LockedOutLooksLikeAWrongPassword) {
  FakeProcess process;
  process.ruling = {true, 40};
  for (const std::vector<std::string>& words : {std::vector<std::string>{"AUTH", "app", "app-secret"},
                                                {"AUTH", "app", "wrong"},
                                                {"AUTH", "nobody", "wrong"},
                                                {"HELLO", "3", "AUTH", "app", "app-secret"},
                                                {"HELLO", "3", "AUTH", "app", "wrong"}}) {
    Client client({}, "", "", &process);
    const Verdict& verdict = client.say(words);
    EXPECT_EQ(verdict.answer, kWrong);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kAnswer);
    EXPECT_EQ(verdict.login, AuthOutcome::kLockedOut);
    EXPECT_EQ(verdict.delay_ms, 40);
    EXPECT_FALSE(client.gate_.is_logged_in());
    EXPECT_EQ(client.gate_.client().resp, protocol::RespVersion::kResp2);
  }
}

TEST(GateGuessingTest, LockedOutKeepsWhoeverWasLoggedIn) {
  FakeProcess process;
  Client client({}, "", "", &process);
  client.say({"AUTH", "app", "app-secret"});
  process.ruling.is_refused = true;
  EXPECT_EQ(client.hear({"AUTH", "admin", "admin-secret"}), kWrong);
  EXPECT_EQ(client.user(), "app");
  EXPECT_EQ(client.say({"GET", "app:1"}).kind, Verdict::Kind::kForward);
}

TEST(GateGuessingTest, WhoIsBornLoggedInIsNotAsked) {
  FakeProcess process;
  process.ruling.is_refused = true;
  Client client({}, "born", "", &process);
  EXPECT_EQ(client.user(), "born");
  EXPECT_EQ(client.hear({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client.user(), "born");
  EXPECT_THAT(process.tries, ElementsAre());
}

TEST(GateGuessingTest, InfoTellsOfTheProxyOnceAndInsideATransaction) {
  FakeProcess process;
  process.facts.denials.key = 5;
  Client client({}, "born", "", &process);
  const Verdict& verdict = client.say({"INFO", "stats"});
  EXPECT_EQ(verdict.reading, Request::Reading::kInfo);
  EXPECT_EQ(client.say({"INFO"}).reading, Request::Reading::kInfoAndProxy);
  const std::string stats = "$14\r\n# Stats\r\na:1\r\n\r\n";
  const std::string told(client.gate_.read_reply(Request::Reading::kInfo, stats));
  EXPECT_THAT(told, HasSubstr("acl_access_denied_key:5\r\n"));
  EXPECT_THAT(told, Not(HasSubstr("# Respgate")));
  EXPECT_THAT(std::string(client.gate_.read_reply(Request::Reading::kInfoAndProxy, stats)), HasSubstr("respgate_policy_generation:1\r\n"));

  client.say({"MULTI"}, kWithLane);
  EXPECT_TRUE(client.say({"INFO", "stats"}, kWithLane).in_transaction);
  client.say({"INFO", "respgate"}, kWithLane);
  EXPECT_EQ(client.say({"EXEC"}, kWithLane).reading, Request::Reading::kExec);
  const std::string both(client.gate_.read_reply(Request::Reading::kExec, "*2\r\n" + stats + "$0\r\n\r\n"));
  EXPECT_TRUE(both.starts_with("*2\r\n"));
  EXPECT_THAT(both, HasSubstr("acl_access_denied_key:5\r\n"));
  EXPECT_THAT(both, HasSubstr("\r\n# Respgate\r\n"));
}

TEST(GateGuessingTest, TheLogIsForWhoeverTheAclLets) {
  FakeProcess process;
  process.log.add({});
  Client client({}, "", "", &process);
  client.say({"AUTH", "app", "app-secret"});
  EXPECT_EQ(client.hear({"ACL", "LOG"}), "-NOPERM User app has no permissions to run the 'acl|log' command\r\n");
  client.say({"AUTH", "admin", "admin-secret"});
  EXPECT_TRUE(client.hear({"ACL", "LOG"}).starts_with("*1\r\n"));
}

}  // namespace
}  // namespace respgate::proxy
