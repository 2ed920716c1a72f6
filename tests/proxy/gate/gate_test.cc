#include "proxy/gate/gate.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/gate_client.h"

namespace respgate::proxy {
namespace {

using protocol::RespVersion;
using Kind = Verdict::Kind;
using Refusal = Verdict::Refusal;

const std::string kWrongPass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const std::string kNoAuth = "-NOAUTH Authentication required.\r\n";

TEST(GateTest, NothingRunsBeforeLogin) {
  Client client;
  EXPECT_EQ(client.hear({"GET", "app:1"}), kNoAuth);
  EXPECT_EQ(client.hear({"PING"}), kNoAuth);
  EXPECT_EQ(client.hear({"NOSUCH"}), kNoAuth);
  EXPECT_FALSE(client.say({"GET", "app:1"}).noteworthy());
}

TEST(GateTest, UnknownUserWrongPasswordAndUserOffAreToldTheSame) {
  Client client;
  for (const auto& words : std::vector<std::vector<std::string>>{{"AUTH", "nobody", "x"},
                                                                 {"AUTH", "app", "x"},
                                                                 {"AUTH", "gone", "gone-secret"},
                                                                 {"AUTH", "born", ""},
                                                                 {"AUTH", "app-secret"},
                                                                 {"HELLO", "3", "AUTH", "app", "x"}}) {
    EXPECT_EQ(client.hear(words), kWrongPass);
    EXPECT_EQ(client.user(), "");
  }
}

TEST(GateTest, AFailedLoginKeepsTheOneBefore) {
  Client client;
  EXPECT_EQ(client.hear({"AUTH", "app", "app-secret"}), "+OK\r\n");
  EXPECT_EQ(client.hear({"AUTH", "admin", "wrong"}), kWrongPass);
  EXPECT_EQ(client.user(), "app");
}

TEST(GateTest, LoginsAreReportedWithTheirOutcome) {
  Client client;
  EXPECT_EQ(client.say({"AUTH", "nobody", "x"}).login, acl::AuthOutcome::kUnknownUser);
  EXPECT_EQ(client.say({"AUTH", "gone", "gone-secret"}).login, acl::AuthOutcome::kUserOff);
  EXPECT_EQ(client.say({"AUTH", "app", "x"}).login, acl::AuthOutcome::kWrongPassword);
  EXPECT_EQ(client.say({"AUTH", "app", "app-secret"}).login, acl::AuthOutcome::kOk);
}

TEST(GateTest, AuthRefusesWhatTheServerRefuses) {
  Client client;
  EXPECT_EQ(client.hear({"AUTH"}), "-ERR wrong number of arguments for 'auth' command\r\n");
  EXPECT_EQ(client.hear({"AUTH", "a", "b", "c"}), "-ERR syntax error\r\n");
  Client open({.users = "user default on nopass ~* +@all\n"});
  EXPECT_EQ(open.user(), "default");
  EXPECT_TRUE(open.hear({"AUTH", "x"}).starts_with("-ERR AUTH <password> called without any password"));
}

TEST(GateTest, HelloIsReadWholeBeforeItActs) {
  Client client;
  EXPECT_EQ(client.hear({"HELLO", "3", "AUTH", "app", "app-secret", "BOGUS"}), "-ERR Syntax error in HELLO option 'BOGUS'\r\n");
  EXPECT_EQ(client.user(), "");
  EXPECT_EQ(client.hear({"HELLO", "3", "SETNAME", "nice", "AUTH", "app", "bad"}), kWrongPass);
  EXPECT_EQ(client.gate_.client().name, "");
  EXPECT_EQ(client.gate_.client().resp, RespVersion::kResp2);
  EXPECT_TRUE(client.hear({"HELLO", "3", "SETNAME", "nice", "AUTH", "app", "app-secret"}).starts_with("%7\r\n"));
  EXPECT_EQ(client.user(), "app");
  EXPECT_EQ(client.gate_.client().name, "nice");
  EXPECT_TRUE(client.hear({"HELLO"}).starts_with("%7\r\n"));
  EXPECT_TRUE(client.hear({"HELLO", "2"}).starts_with("*14\r\n"));
}

TEST(GateTest, HelloSaysWhatIsWrongAsTheServerDoes) {
  Client client;
  EXPECT_TRUE(client.hear({"HELLO"}).starts_with("-NOAUTH HELLO must be called with the client already authenticated"));
  EXPECT_EQ(client.hear({"HELLO", "4"}), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(client.hear({"HELLO", "x"}), "-ERR Protocol version is not an integer or out of range\r\n");
  EXPECT_EQ(client.hear({"HELLO", "3", "AUTH", "app"}), "-ERR Syntax error in HELLO option 'AUTH'\r\n");
  EXPECT_EQ(client.hear({"HELLO", "3", "AUTH", "app", "app-secret", "SETNAME", "a b"}),
            "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(client.user(), "");
}

TEST(GateTest, WhatChangesTheProtocolOrTheDatabaseWaitsForEarlierReplies) {
  Client client({}, "admin");
  EXPECT_EQ(client.say({"HELLO", "3"}, {.owes_replies = true}).kind, Kind::kWait);
  EXPECT_EQ(client.gate_.client().resp, RespVersion::kResp2);
  EXPECT_EQ(client.say({"RESET"}, {.owes_replies = true}).kind, Kind::kWait);
  EXPECT_EQ(client.say({"SELECT", "2"}, {.owes_replies = true}).kind, Kind::kWait);
  EXPECT_EQ(client.say({"SELECT", "2"}).kind, Kind::kSelect);
  EXPECT_EQ(client.gate_.client().database, 0);
  client.gate_.select_done(2);
  EXPECT_EQ(client.hear({"SELECT", "2"}), "+OK\r\n");
}

TEST(GateTest, SelectRefusesWhatIsNoDatabase) {
  Client client({}, "admin");
  EXPECT_EQ(client.hear({"SELECT", "x"}), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(client.hear({"SELECT", "-1"}), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(client.hear({"SELECT", "99999999999"}), "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n");
}

TEST(GateTest, ResetReturnsToTheIdentityTheConnectionWasBornWith) {
  Client sidecar({}, "born");
  EXPECT_EQ(sidecar.user(), "born");
  sidecar.hear({"AUTH", "app", "app-secret"});
  EXPECT_EQ(sidecar.user(), "app");
  EXPECT_EQ(sidecar.hear({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(sidecar.user(), "born");
  Client plain;
  plain.hear({"AUTH", "app", "app-secret"});
  plain.hear({"RESET"});
  EXPECT_EQ(plain.user(), "");
}

TEST(GateTest, QuitAnswersAndClosesAlsoBeforeLogin) {
  Client client;
  EXPECT_EQ(client.say({"QUIT"}).kind, Kind::kClose);
  EXPECT_EQ(client.say({"QUIT"}).answer, "+OK\r\n");
}

TEST(GateTest, OnlyMembersOfTheGroupMayLogIn) {
  Client client({}, "", "team");
  EXPECT_EQ(client.hear({"AUTH", "admin", "admin-secret"}), kWrongPass);
  EXPECT_EQ(client.say({"AUTH", "admin", "admin-secret"}).login, acl::AuthOutcome::kNotInGroup);
  EXPECT_EQ(client.hear({"AUTH", "app", "app-secret"}), "+OK\r\n");
}

TEST(GateTest, AnAllowedCommandIsForwardedAsItCame) {
  Client client({}, "app");
  const Verdict& verdict = client.say({"SET", "app:1", "x"});
  EXPECT_EQ(verdict.kind, Kind::kForward);
  EXPECT_EQ(verdict.wire, "*3\r\n$3\r\nSET\r\n$5\r\napp:1\r\n$1\r\nx\r\n");
  EXPECT_FALSE(verdict.noteworthy());
}

TEST(GateTest, DenialsNameTheirReasonAndArgument) {
  Client client({}, "app");
  EXPECT_EQ(client.hear({"FLUSHALL"}), "-NOPERM User app has no permissions to run the 'flushall' command\r\n");
  EXPECT_EQ(client.hear({"MGET", "app:1", "other"}), "-NOPERM No permissions to access a key\r\n");
  const Verdict& verdict = client.say({"MGET", "app:1", "other"});
  EXPECT_EQ(verdict.refusal, Refusal::kAcl);
  EXPECT_EQ(verdict.decision.reason, acl::Decision::Reason::kKey);
  EXPECT_EQ(verdict.decision.arg, 2u);
  EXPECT_TRUE(verdict.noteworthy());
  EXPECT_EQ(client.hear({"PUBLISH", "foreign", "x"}), "-NOPERM No permissions to access a channel\r\n");
}

TEST(GateTest, ErrorsOfTheServerComeInItsWords) {
  Client client({}, "app");
  EXPECT_EQ(client.hear({"NOSUCH", "a", "b"}), "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' \r\n");
  EXPECT_EQ(client.hear({"CONFIG", "NOSUCH"}), "-ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.\r\n");
  EXPECT_EQ(client.hear({"GET"}), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(client.hear({"CLUSTER", "INFO"}), "-ERR This instance has cluster support disabled\r\n");
  EXPECT_EQ(client.hear({"READONLY"}), "-ERR This instance has cluster support disabled\r\n");
}

TEST(GateTest, ClientBytesInAnErrorAreHarmless) {
  Client client({}, "app");
  const std::string answer = client.hear({"NO\r\n+OK", "a\r\n-b"});
  EXPECT_EQ(answer.find('\n'), answer.size() - 1);
}

TEST(GateTest, WhatNoSharedProxyCanPassIsRefusedToEveryone) {
  Client client({}, "admin");
  for (const char* name : {"MONITOR", "SYNC", "SHUTDOWN"})
    EXPECT_TRUE(client.hear({name}).ends_with("' is not available through the proxy\r\n")) << name;
  EXPECT_EQ(client.say({"MONITOR"}).refusal, Refusal::kUnavailable);
  EXPECT_TRUE(client.hear({"PSYNC", "?", "-1"}).starts_with("-ERR respgate: 'psync'"));
}

TEST(GateTest, ARuleDeniesWithItsMessage) {
  const acl::CommandRuleText rule{{"FLUSHALL", "CONFIG|SET"}, {}, {}, acl::RuleAction::kDeny, {}, "use the runbook"};
  Client client({.rules = {rule}}, "admin");
  EXPECT_EQ(client.hear({"flushall"}), "-NOPERM respgate: 'flushall' is blocked by policy: use the runbook\r\n");
  EXPECT_EQ(client.say({"CONFIG", "SET", "a", "b"}).refusal, Refusal::kRule);
  EXPECT_EQ(client.say({"CONFIG", "GET", "a"}).kind, Kind::kForward);
}

TEST(GateTest, ARewriteIsCheckedAsWhatItBecame) {
  const acl::CommandRuleText rule{{"FLUSHALL"}, {}, {}, acl::RuleAction::kRewrite, {"FLUSHDB", "ASYNC"}, ""};
  Client admin({.rules = {rule}}, "admin");
  const Verdict& verdict = admin.say({"FLUSHALL", "SYNC"});
  EXPECT_EQ(verdict.kind, Kind::kForward);
  EXPECT_TRUE(verdict.wire.empty());
  ASSERT_EQ(verdict.args.size(), 2u);
  EXPECT_EQ(verdict.args[0], "FLUSHDB");
  EXPECT_EQ(verdict.args[1], "ASYNC");
  Client app({.rules = {rule}}, "app");
  EXPECT_EQ(app.hear({"FLUSHALL"}), "-NOPERM User app has no permissions to run the 'flushdb' command\r\n");
}

TEST(GateTest, ARenamedCommandTravelsUnderItsRealName) {
  Client client({.renames = {{"CONFIG", "cfg-1"}}}, "admin");
  EXPECT_EQ(client.say({"CONFIG", "GET", "x"}).refusal, Refusal::kUnknown);
  const Verdict& verdict = client.say({"CFG-1", "GET", "x"});
  EXPECT_EQ(verdict.kind, Kind::kForward);
  EXPECT_TRUE(verdict.wire.empty());
  EXPECT_EQ(verdict.args[0], "config");
  EXPECT_EQ(verdict.args[1], "GET");
}

TEST(GateTest, TheServersOwnRenamesAreSpokenToIt) {
  Client client({}, "admin");
  client.facts_.command_names.push_back({protocol::find_command_by_name("flushall")->id, "f1ush"});
  client.facts_.command_names.push_back({protocol::find_command_by_name("debug")->id, ""});
  EXPECT_EQ(client.say({"FLUSHALL"}).args[0], "f1ush");
  EXPECT_TRUE(client.say({"FLUSHALL"}).wire.empty());
  EXPECT_EQ(client.say({"FLUSHDB"}).wire, "*1\r\n$7\r\nFLUSHDB\r\n");
}

TEST(GateTest, ObserveLetsThroughWhatTheAclWouldDenyAndSaysSo) {
  acl::PolicyOptions options;
  options.observe = true;
  Client client({.options = options}, "app");
  const Verdict& verdict = client.say({"GET", "other"});
  EXPECT_EQ(verdict.kind, Kind::kForward);
  EXPECT_TRUE(verdict.observed);
  EXPECT_EQ(verdict.decision.reason, acl::Decision::Reason::kKey);
  EXPECT_EQ(client.say({"NOSUCH"}).refusal, Refusal::kUnknown);
  EXPECT_EQ(client.say({"MONITOR"}).refusal, Refusal::kUnavailable);
  EXPECT_EQ(client.say({"EVAL", "return 1", "0"}).kind, Kind::kAnswer);
}

// Also where it is the command that the ACL denies: what a script reaches is looked at behind that.
TEST(GateTest, ObserveOpensNoScriptAndNoPatternWhateverTheAclSays) {
  acl::PolicyOptions options;
  options.observe = true;
  for (const std::string_view rules : {"~app:* -@all +@read", "~app:* +@all", "resetkeys -@all"}) {
    Client client({.users = "user app on >x " + std::string(rules) + "\n", .options = options}, "app");
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"EVAL", "return redis.call('get','other')", "0"},
                                                                                       {"EVALSHA", std::string(40, 'a'), "0"},
                                                                                       {"EVAL_RO", "return 1", "1", "app:1"},
                                                                                       {"FCALL", "f", "0"},
                                                                                       {"FUNCTION", "LOAD", "#!lua name=f"},
                                                                                       {"SCRIPT", "FLUSH"},
                                                                                       {"SORT", "app:1", "BY", "other:*"},
                                                                                       {"SORT", "app:1", "GET", "other"}}) {
      EXPECT_EQ(client.say(words).refusal, Refusal::kAcl) << rules << ": " << words[0];
    }
    EXPECT_TRUE(client.say({"SET", "other", "x"}).observed);
    client.say({"MULTI"});
    EXPECT_EQ(client.say({"EVAL", "return 1", "0"}).refusal, Refusal::kAcl) << rules;
  }
}

TEST(GateTest, ARefusalByNameNeedsNoArguments) {
  Client client({}, "app");
  const auto refused = [&](std::vector<std::string_view> head) { return client.gate_.refuses_by_name({head, 3, {}, false}); };
  EXPECT_TRUE(refused({"FLUSHALL", "x"}));
  EXPECT_TRUE(refused({"NOSUCH", "x"}));
  EXPECT_TRUE(refused({"CONFIG", "SET"}));
  EXPECT_TRUE(refused({"MONITOR"}));
  EXPECT_FALSE(refused({"SET", "other"}));
  Client stranger;
  EXPECT_TRUE(stranger.gate_.refuses_by_name({std::vector<std::string_view>{"SET", "x"}, 3, {}, false}));
}

TEST(GateTest, ADrainedCommandStaysRefusedWhateverChanges) {
  Client client({}, "app");
  EXPECT_EQ(client.say_drained({"FLUSHALL", "x"}).refusal, Refusal::kAcl);
  EXPECT_TRUE(client.gate_.adopt(make_policy({.users = "user app on >x ~* &* +@all\n"})));
  EXPECT_EQ(client.say_drained({"SET", "app:1", "cut off"}).refusal, Refusal::kAcl);
  EXPECT_EQ(client.say({"SET", "app:1", "x"}).kind, Kind::kForward);
}

TEST(GateTest, ANewPolicyCountsFromTheNextCommand) {
  Client client({}, "app");
  EXPECT_TRUE(client.gate_.adopt(make_policy({.users = "user app on >x ~app:* +get\n"})));
  EXPECT_EQ(client.say({"GET", "app:1"}).kind, Kind::kForward);
  EXPECT_EQ(client.say({"SET", "app:1", "x"}).refusal, Refusal::kAcl);
}

TEST(GateTest, AUserWhoIsGoneOffOrNoMemberMustLeave) {
  Client removed({}, "app");
  EXPECT_FALSE(removed.gate_.adopt(make_policy({.users = "user other on ~* +@all\n"})));
  Client off({}, "app");
  EXPECT_FALSE(off.gate_.adopt(make_policy({.users = "user app off ~* +@all\n"})));
  Client stranger;
  EXPECT_TRUE(stranger.gate_.adopt(make_policy({.users = "user other on ~* +@all\n"})));
}

TEST(GateTest, WhoIsNoMemberOfTheListenersNewGroupMustLeave) {
  Client member({}, "app");
  EXPECT_TRUE(member.gate_.adopt(make_policy({}), {.born_as = "app", .group = "team"}));
  Client admin;
  admin.hear({"AUTH", "admin", "admin-secret"});
  EXPECT_FALSE(admin.gate_.adopt(make_policy({}), {.born_as = "", .group = "team"}));
  Client stranger;
  EXPECT_TRUE(stranger.gate_.adopt(make_policy({}), {.born_as = "", .group = "team"}));
  EXPECT_EQ(stranger.hear({"AUTH", "admin", "admin-secret"}).substr(0, 10), "-WRONGPASS");
}

TEST(GateTest, WhoNeverLoggedInLeavesWhenTheListenerGivesAnotherUser) {
  for (const char* next : {"admin", ""}) {
    Client born({}, "app");
    EXPECT_FALSE(born.gate_.adopt(make_policy({}), {.born_as = next, .group = ""})) << next;
    Client logged_in({}, "app");
    logged_in.hear({"AUTH", "app", "app-secret"});
    EXPECT_TRUE(logged_in.gate_.adopt(make_policy({}), {.born_as = next, .group = ""})) << next;
    EXPECT_EQ(logged_in.user(), "app");
    logged_in.hear({"RESET"});
    EXPECT_EQ(logged_in.user(), next) << "a RESET returns to what the listener gives now";
  }
}

}  // namespace
}  // namespace respgate::proxy
