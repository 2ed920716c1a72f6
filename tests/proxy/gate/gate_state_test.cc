// What needs a lane of the session's own: transactions, blocking commands, channels,
// tracking, scripts.  How the answers come together over a real server is for the
// integration tests; here is what the gate decides.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/lane/lane_directory.h"
#include "tests/proxy/gate_client.h"

namespace respgate::proxy {
namespace {

using Kind = Verdict::Kind;
using Reading = Request::Reading;
using Refusal = Verdict::Refusal;

constexpr Standing kOwing{.owes_replies = true};

TEST(GateStateTest, WhatTravelsOnALaneOfItsOwn) {
  const std::vector<std::vector<std::string>> commands{
      {"MULTI"},          {"WATCH", "app:1"},     {"BLPOP", "app:1", "0"},     {"XREAD", "BLOCK", "0", "STREAMS", "app:s", "$"},
      {"WAIT", "0", "0"}, {"SUBSCRIBE", "app:c"}, {"CLIENT", "TRACKING", "ON"}};
  for (const auto& command : commands) {
    Client client({}, "app");
    EXPECT_EQ(client.say(command, kOwing).kind, Kind::kWait) << "not beside what is under way on another lane: " << command[0];
    EXPECT_FALSE(client.gate_.needs_lane());
    const Verdict& verdict = client.say(command);
    EXPECT_EQ(verdict.kind, Kind::kForward) << command[0];
    EXPECT_TRUE(verdict.pinned) << command[0];
  }
  Client client({}, "app");
  EXPECT_FALSE(client.say({"XREAD", "STREAMS", "app:s", "0"}).pinned);
  EXPECT_FALSE(client.say({"GET", "app:1"}).pinned);
}

TEST(GateStateTest, WithoutATransactionNothingIsAsked) {
  Client client({}, "app");
  EXPECT_EQ(client.hear({"EXEC"}), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(client.hear({"DISCARD"}), "-ERR DISCARD without MULTI\r\n");
  EXPECT_EQ(client.hear({"UNWATCH"}), "+OK\r\n");
}

TEST(GateStateTest, ExecWaitsForAsManyElementsAsWereSent) {
  Client client({}, "app");
  client.say({"MULTI"});
  client.say({"SET", "app:1", "x"}, kWithLane);
  EXPECT_EQ(client.hear({"CLIENT", "GETNAME"}), "+QUEUED\r\n");
  EXPECT_EQ(client.say({"EXEC"}, kOwing).kind, Kind::kWait) << "its reply is edited: one at a time";
  const Verdict& verdict = client.say({"EXEC"}, kWithLane);
  EXPECT_EQ(words(verdict), "EXEC");
  EXPECT_EQ(verdict.expectation->length, 1u);
  EXPECT_EQ(verdict.reading, Reading::kExec);
  EXPECT_EQ(client.gate_.read_reply(Reading::kExec, "*1\r\n+OK\r\n"), "*2\r\n+OK\r\n$-1\r\n");
}

TEST(GateStateTest, AnExecThatRanNothingAnswersNothingOfItsOwn) {
  for (const std::string_view reply : {"*-1\r\n", "-EXECABORT Transaction discarded because of previous errors.\r\n"}) {
    Client client({}, "app");
    client.say({"MULTI"});
    client.say({"CLIENT", "SETNAME", "me"}, kWithLane);
    client.say({"EXEC"}, kWithLane);
    EXPECT_EQ(client.gate_.read_reply(Reading::kExec, reply), reply);
    EXPECT_EQ(client.gate_.client().name, "");
  }
}

TEST(GateStateTest, ADatabaseSelectedInsideCountsForTheQueueAndAfterExec) {
  Client client({.users = "user app on >p ~* db=0,3 +@all\n"}, "app");
  client.say({"MULTI"});
  EXPECT_EQ(client.say({"SELECT", "3"}, kWithLane).refusal, Refusal::kNone);
  EXPECT_EQ(client.say({"SELECT", "4"}, kWithLane).refusal, Refusal::kAcl);
  client.say({"DISCARD"}, kWithLane);
  client.say({"MULTI"});
  client.say({"SELECT", "3"}, kWithLane);
  client.say({"EXEC"}, kWithLane);
  EXPECT_EQ(client.gate_.client().database, 0);
  client.gate_.read_reply(Reading::kExec, "*1\r\n+OK\r\n");
  EXPECT_EQ(client.gate_.client().database, 3);
  EXPECT_FALSE(client.gate_.leaves_lane_clean());
}

TEST(GateStateTest, ARefusalWhileQueueingTurnsExecIntoDiscard) {
  for (const std::vector<std::string>& refused : std::vector<std::vector<std::string>>{
           {"GET", "other"}, {"CONFIG", "GET", "*"}, {"NOSUCH"}, {"GET"}, {"MONITOR"}, {"SUBSCRIBE", "app:c"}, {"AUTH", "app", "x"}}) {
    Client client({}, "app");
    client.say({"MULTI"});
    EXPECT_NE(client.say(refused, kWithLane).refusal, Refusal::kNone) << refused[0];
    EXPECT_EQ(words(client.say({"EXEC"}, kWithLane)), "DISCARD") << refused[0];
    EXPECT_EQ(client.gate_.read_reply(Reading::kAborted, "+OK\r\n"), "-EXECABORT Transaction discarded because of previous errors.\r\n");
    EXPECT_FALSE(client.gate_.needs_lane());
    EXPECT_TRUE(client.gate_.leaves_lane_clean());
  }
}

TEST(GateStateTest, AnExecThatIsRefusedItselfDropsTheQueue) {
  Client client({.users = "user app on >p ~* +@all -exec\n"}, "app");
  client.say({"MULTI"});
  const Verdict& verdict = client.say({"EXEC"}, kWithLane);
  EXPECT_EQ(verdict.refusal, Refusal::kAcl);
  EXPECT_EQ(words(verdict), "DISCARD");
}

TEST(GateStateTest, TheQueueIsJudgedByThePolicyOfExec) {
  for (const bool narrower : {true, false}) {
    Client client({}, "app");
    client.say({"MULTI"});
    client.say({"SET", "app:1", "x"}, kWithLane);
    client.say({"SET", "app:2", "x"}, kWithLane);
    acl::PolicyPtr policy = make_policy({.users = narrower ? "user app on >p ~app:1 +@all\n" : "user app on >p ~app:* +@all\n"}, 2);
    ASSERT_TRUE(client.gate_.adopt(policy));
    EXPECT_EQ(words(client.say({"EXEC"}, kWithLane)), narrower ? "DISCARD" : "EXEC");
  }
}

TEST(GateStateTest, ARuleOfTheNewPolicyCountsForTheQueueToo) {
  Client client({}, "app");
  client.say({"MULTI"});
  client.say({"DEL", "app:1"}, kWithLane);
  acl::CommandRuleText no_del;
  no_del.match = {"DEL"};
  ASSERT_TRUE(client.gate_.adopt(make_policy({.rules = {no_del}}, 2)));
  EXPECT_EQ(words(client.say({"EXEC"}, kWithLane)), "DISCARD");
}

TEST(GateStateTest, TheLaneIsKeptAsLongAsThereIsState) {
  Client client({}, "app");
  client.say({"WATCH", "app:1"});
  EXPECT_TRUE(client.gate_.needs_lane());
  client.say({"UNWATCH"}, kWithLane);
  EXPECT_FALSE(client.gate_.needs_lane());
  EXPECT_TRUE(client.gate_.leaves_lane_clean());
  client.say({"SUBSCRIBE", "app:1", "app:2"}, kWithLane);
  EXPECT_TRUE(client.gate_.needs_lane());
  client.say({"UNSUBSCRIBE"}, kWithLane);
  EXPECT_FALSE(client.gate_.needs_lane());
  EXPECT_FALSE(client.gate_.leaves_lane_clean()) << "it was subscribed";
  client.say({"RESET"}, kWithLane);
  EXPECT_TRUE(client.gate_.leaves_lane_clean());
}

TEST(GateStateTest, ASubscriberOfResp2MaySayLittleAndOneOfResp3All) {
  Client client({}, "app");
  const Verdict& verdict = client.say({"SUBSCRIBE", "app:1", "app:2"});
  EXPECT_EQ(verdict.confirmation, "subscribe");
  EXPECT_EQ(verdict.confirmations, 2u);
  EXPECT_TRUE(client.hear({"GET", "app:1"}).starts_with("-ERR Can't execute 'get': only (P|S)SUBSCRIBE"));
  EXPECT_TRUE(client.hear({"EXEC"}).starts_with("-EXECABORT Transaction discarded because of: Can't execute 'exec'"));

  Client modern({}, "app");
  modern.say({"HELLO", "3"});
  modern.say({"SUBSCRIBE", "app:1"});
  EXPECT_EQ(modern.say({"GET", "app:1"}, kWithLane).kind, Kind::kForward);
}

TEST(GateStateTest, APingKeepsItsPlaceBehindWhatComesOverTheLane) {
  Client client({}, "app");
  EXPECT_EQ(client.hear({"PING"}), "+PONG\r\n");
  EXPECT_FALSE(client.say({"PING"}, kWithLane).expectation.has_value());
  EXPECT_EQ(client.say({"ECHO", "x"}, kWithLane).kind, Kind::kForward);
  client.say({"SUBSCRIBE", "app:1"});
  const Verdict& verdict = client.say({"PING"}, kWithLane);
  EXPECT_EQ(verdict.kind, Kind::kForward);
  EXPECT_TRUE(verdict.pinned);
  ASSERT_TRUE(verdict.expectation.has_value()) << "a subscriber of RESP2 could not tell a plain PONG from a message";
  EXPECT_TRUE(verdict.expectation->admits(protocol::RespType::kArray, 2));
  EXPECT_FALSE(verdict.expectation->admits(protocol::RespType::kSimple, 4));
}

TEST(GateStateTest, AClientThatQuitsHoldsNothingWhenItIsToldSo) {
  Client client({}, "app");
  EXPECT_FALSE(client.say({"QUIT"}).drops_lane);
  EXPECT_EQ(client.say({"QUIT"}, {.owes_replies = true, .has_lane = true}).kind, Kind::kWait);
  const Verdict& verdict = client.say({"QUIT"}, kWithLane);
  EXPECT_EQ(verdict.kind, Kind::kClose);
  EXPECT_TRUE(verdict.drops_lane);
  EXPECT_EQ(verdict.answer, "+OK\r\n");
}

TEST(GateStateTest, WhatEndsABusyScriptNeedsNoSelect) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"SCRIPT", "KILL"}, {"FUNCTION", "KILL"}, {"FUNCTION", "STATS"}}) {
    Client client({}, "admin");
    EXPECT_TRUE(client.say(words).in_any_database);
    EXPECT_TRUE(client.say(words).is_barrier) << "what comes behind is for the database that was selected";
    EXPECT_FALSE(client.gate_.keeps_lane());
    EXPECT_FALSE(client.say(words, kWithLane).in_any_database);
  }
  EXPECT_FALSE(Client({}, "admin").say({"SCRIPT", "FLUSH"}).in_any_database);
}

TEST(GateStateTest, WhoHoldsNothingIsToldSoWithoutTheServer) {
  Client client({}, "app");
  EXPECT_EQ(client.hear({"UNSUBSCRIBE"}), "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
  EXPECT_EQ(client.hear({"PUNSUBSCRIBE", "a"}), "*3\r\n$12\r\npunsubscribe\r\n$1\r\na\r\n:0\r\n");
}

TEST(GateStateTest, WhatIsHeldMustBeAllowedByANewPolicy) {
  struct Row {
    std::vector<std::string> command;
    std::string_view users;
    bool stays;
  };
  const std::vector<Row> rows{
      {{"SUBSCRIBE", "app:1"}, "user app on >p ~* &app:1 +@all\n", true},
      {{"SUBSCRIBE", "app:1"}, "user app on >p ~* &app:2 +@all\n", false},
      {{"PSUBSCRIBE", "app:*"}, "user app on >p ~* &app:* +@all\n", true},
      {{"PSUBSCRIBE", "app:*"}, "user app on >p ~* &app:1 +@all\n", false},
      {{"BLPOP", "app:1", "0"}, "user app on >p ~app:1 +@all\n", true},
      {{"BLPOP", "app:1", "0"}, "user app on >p ~app:2 +@all\n", false},
      {{"BLPOP", "app:1", "0"}, "user app on >p ~* +@all -blpop\n", false},
      {{"WATCH", "app:1"}, "user app on >p ~app:2 +@all\n", true},
  };
  for (const Row& row : rows) {
    Client client({}, "app");
    ASSERT_EQ(client.say(row.command).kind, Kind::kForward);
    EXPECT_EQ(client.gate_.adopt(make_policy({.users = row.users}, 2)), row.stays) << row.command[0] << " " << row.users;
  }
}

TEST(GateStateTest, ABlockedCommandIsForgottenWhenItIsAnswered) {
  Client client({}, "app");
  const Verdict& verdict = client.say({"BLPOP", "app:1", "2.5"});
  EXPECT_TRUE(verdict.blocking);
  EXPECT_EQ(verdict.patience_ms, 2501);
  EXPECT_TRUE(client.gate_.is_blocked());
  client.gate_.unblocked();
  EXPECT_FALSE(client.gate_.is_blocked());
  EXPECT_TRUE(client.gate_.adopt(make_policy({.users = "user app on >p ~x +@all\n"}, 2)));
}

TEST(GateStateTest, RedirectionsNameOnlyConnectionsOfTheSameUser) {
  LaneDirectory lanes;
  lanes.set(41, "app", 9001);
  lanes.set(42, "admin", 9002);
  const Standing standing{.lanes = &lanes};
  Client client({}, "app");
  EXPECT_EQ(words(client.say({"CLIENT", "TRACKING", "ON", "REDIRECT", "41"}, standing)), "CLIENT TRACKING ON REDIRECT 9001");
  EXPECT_EQ(client.gate_.read_reply(Reading::kTracking, "+OK\r\n"), "+OK\r\n");
  EXPECT_TRUE(client.gate_.needs_lane());
  EXPECT_EQ(client.gate_.read_reply(Reading::kTrackingInfo, ":9001\r\n"), ":41\r\n");
  Client other({}, "app");
  for (const char* id : {"42", "43", "-1"})
    EXPECT_EQ(std::string(other.say({"CLIENT", "TRACKING", "ON", "REDIRECT", id}, standing).answer),
              "-ERR The client ID you want redirect to does not exist\r\n");
}

TEST(GateStateTest, BroadcastsAreForThoseWhoMayReadEveryKey) {
  Client app({}, "app");
  EXPECT_EQ(app.say({"CLIENT", "TRACKING", "ON", "BCAST"}).refusal, Refusal::kAcl);
  EXPECT_EQ(app.say({"CLIENT", "TRACKING", "ON", "PREFIX", "bcast"}).refusal, Refusal::kNone) << "a prefix is no option";
  Client admin({}, "admin");
  EXPECT_EQ(admin.say({"CLIENT", "TRACKING", "ON", "BCAST"}).refusal, Refusal::kNone);
  admin.gate_.read_reply(Reading::kTracking, "+OK\r\n");
  EXPECT_FALSE(admin.gate_.adopt(make_policy({.users = "user admin on >p ~a +@all\n"}, 2)));
}

TEST(GateStateTest, RepliesThatAreNotWantedAreMarked) {
  Client client({}, "app");
  client.say({"HELLO", "3"});
  EXPECT_TRUE(client.say({"CLIENT", "REPLY", "SKIP"}).silent);
  EXPECT_TRUE(client.say({"GET", "other"}).silent);
  EXPECT_FALSE(client.say({"GET", "app:1"}).silent);
  EXPECT_TRUE(client.say({"CLIENT", "REPLY", "OFF"}).silent);
  EXPECT_TRUE(client.say({"PING"}).silent);
  EXPECT_FALSE(client.say({"SUBSCRIBE", "app:1"}).silent) << "confirmations are no replies";
  EXPECT_FALSE(client.say({"CLIENT", "REPLY", "ON"}).silent);
  client.say({"CLIENT", "REPLY", "SKIP"});
  EXPECT_FALSE(client.say({"CLIENT", "REPLY", "ON"}).silent) << "it takes the SKIP back";
}

TEST(GateStateTest, ASkippedReplySurvivesWaiting) {
  Client client({}, "app");
  client.say({"CLIENT", "REPLY", "SKIP"});
  EXPECT_EQ(client.say({"MULTI"}, kOwing).kind, Kind::kWait);
  EXPECT_TRUE(client.say({"MULTI"}).silent);
  EXPECT_FALSE(client.say({"DISCARD"}, kWithLane).silent);
}

TEST(GateStateTest, ALaneIsGivenUpWhenTheServerIsToSeeAnotherUser) {
  Setting setting;
  setting.options.own_identity = {"app"};
  Client client(setting);
  EXPECT_FALSE(client.say({"AUTH", "app", "app-secret"}).drops_lane);  // there is none
  Standing on_lane;
  on_lane.has_lane = true;
  EXPECT_FALSE(client.say({"AUTH", "app", "app-secret"}, on_lane).drops_lane);
  EXPECT_FALSE(client.say({"AUTH", "admin", "wrong"}, on_lane).drops_lane);
  EXPECT_TRUE(client.say({"AUTH", "admin", "admin-secret"}, on_lane).drops_lane);
  EXPECT_TRUE(client.say({"HELLO", "3", "AUTH", "app", "app-secret"}, on_lane).drops_lane);
  on_lane.owes_replies = true;
  EXPECT_EQ(client.say({"AUTH", "admin", "admin-secret"}, on_lane).kind, Verdict::Kind::kWait);
}

TEST(GateStateTest, WhatIsHeldOnALaneDoesNotOutliveItsUser) {
  Setting setting;
  setting.options.own_identity = {"app"};
  Client client(setting, "admin");
  client.say({"WATCH", "app:1"});
  Standing on_lane;
  on_lane.has_lane = true;
  EXPECT_EQ(client.say({"AUTH", "admin", "admin-secret"}, on_lane).kind, Verdict::Kind::kAnswer);
  EXPECT_EQ(client.say({"AUTH", "app", "app-secret"}, on_lane).kind, Verdict::Kind::kClose);
}

TEST(GateStateTest, ALaneTakesALoginWhenItsClientIsInTheMiddleOfNothing) {
  Client client({}, "admin");
  EXPECT_TRUE(client.gate_.lane_takes_auth());
  client.say({"MULTI"});
  EXPECT_FALSE(client.gate_.lane_takes_auth());
  client.say({"DISCARD"});
  EXPECT_TRUE(client.gate_.lane_takes_auth());
  client.say({"BLPOP", "k", "0"});
  EXPECT_FALSE(client.gate_.lane_takes_auth());
  client.gate_.unblocked();
  client.say({"SUBSCRIBE", "c"});
  EXPECT_FALSE(client.gate_.lane_takes_auth());
  client.say({"UNSUBSCRIBE", "c"}, kWithLane);
  EXPECT_TRUE(client.gate_.lane_takes_auth());
  client.say({"HELLO", "3"});
  client.say({"SUBSCRIBE", "c"});
  EXPECT_TRUE(client.gate_.lane_takes_auth());
}

TEST(GateStateTest, ScriptsTravelOnALaneThatNobodyGetsAfterwards) {
  Client client({}, "admin");
  EXPECT_TRUE(client.say({"EVAL", "return 1", "0"}).pinned);
  EXPECT_TRUE(client.gate_.keeps_lane());
  EXPECT_FALSE(client.gate_.leaves_lane_clean());
  EXPECT_EQ(Client({}, "app").say({"EVAL", "return 1", "0"}).refusal, Refusal::kAcl);
}

TEST(GateStateTest, WithoutRoomNothingIsBegun) {
  const Standing full{.no_room = "ERR respgate: memory limit reached, try again later"};
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{{"MULTI"},
                                                                                       {"WATCH", "app:1"},
                                                                                       {"SUBSCRIBE", "app:1"},
                                                                                       {"BLPOP", "app:1", "0"},
                                                                                       {"GET", "app:1"},
                                                                                       {"CLIENT", "TRACKING", "ON"}}) {
    Client client({}, "app");
    EXPECT_EQ(client.say(command, full).refusal, Refusal::kNoRoom) << command[0];
    EXPECT_FALSE(client.gate_.needs_lane() || client.gate_.is_blocked()) << command[0];
  }
}

TEST(GateStateTest, WhatConcernsAllClientsIsAskedWhenNothingIsOwedAnyMore) {
  Client client({}, "admin");
  EXPECT_EQ(client.say({"CLIENT", "LIST"}, kOwing).kind, Kind::kWait);
  for (const auto& command :
       std::vector<std::vector<std::string>>{{"CLIENT", "LIST"}, {"CLIENT", "KILL", "a:1"}, {"CLIENT", "UNBLOCK", "3"}}) {
    EXPECT_EQ(client.say(command).kind, Kind::kAsk) << command[1];
    const auto question = client.gate_.take_question();
    ASSERT_NE(question, nullptr);
    EXPECT_EQ(question->asker, 7u);
    EXPECT_FALSE(question->kills_asker);
  }
  EXPECT_EQ(client.hear({"CLIENT", "KILL", "ID", "0"}), "-ERR client-id should be greater than 0\r\n");
  EXPECT_EQ(Client({}, "app").say({"CLIENT", "LIST"}).refusal, Refusal::kAcl);
}

TEST(GateStateTest, OnlyAKillThatFitsAndDoesNotSpareItKillsTheAsker) {
  struct Row {
    std::vector<std::string> command;
    bool kills;
  };
  for (const Row& row : std::vector<Row>{{{"CLIENT", "KILL", "ID", "7"}, false},
                                         {{"CLIENT", "KILL", "ID", "7", "SKIPME", "no"}, true},
                                         {{"CLIENT", "KILL", "ID", "8", "SKIPME", "no"}, false},
                                         {{"CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "no"}, false},
                                         {{"CLIENT", "KILL", "USER", "admin", "SKIPME", "no"}, true},
                                         {{"CLIENT", "LIST"}, false},
                                         {{"CLIENT", "UNBLOCK", "7"}, false}}) {
    Client client({}, "admin");
    ASSERT_EQ(client.say(row.command).kind, Kind::kAsk);
    EXPECT_EQ(client.gate_.take_question()->kills_asker, row.kills) << row.command.back();
  }
}

TEST(GateStateTest, UnblockUsesTheNameTheNodeHasForClient) {
  Client client({}, "admin");
  const auto id = protocol::find_command_by_name("client")->id;
  client.facts_.command_names = {{id, "hidden"}};
  client.say({"CLIENT", "UNBLOCK", "3"});
  EXPECT_EQ(client.gate_.take_question()->command, "hidden");
  client.facts_.command_names = {{id, ""}};
  EXPECT_EQ(client.say({"CLIENT", "UNBLOCK", "3"}).refusal, Refusal::kUnavailable);
  EXPECT_EQ(client.say({"CLIENT", "LIST"}).kind, Kind::kAsk) << "the node is not asked";
}

TEST(GateStateTest, ActivityIsWhatTheClientHasOnItsLane) {
  Client client({}, "admin");
  EXPECT_EQ(client.gate_.activity().command, "");
  client.say({"GET", "k"});
  EXPECT_EQ(client.gate_.activity().command, "get");
  client.say({"nosuch"});
  EXPECT_EQ(client.gate_.activity().command, "");
  client.say({"BLPOP", "k", "0"});
  client.say({"GET", "k"}, kWithLane);
  EXPECT_TRUE(client.gate_.activity().is_blocked);
  EXPECT_EQ(client.gate_.activity().command, "blpop") << "the server does not look at what is behind it";
  client.gate_.unblocked();
  EXPECT_EQ(client.gate_.activity().command, "get");
  client.say({"MULTI"}, kWithLane);
  client.say({"SET", "k", "v"}, kWithLane);
  client.say({"CLIENT", "GETNAME"}, kWithLane);
  EXPECT_EQ(client.gate_.activity().queued, 2u);
  client.say({"EXEC"}, kWithLane);
  EXPECT_EQ(client.gate_.activity().queued, 2u) << "until its reply is there";
  client.gate_.read_reply(Reading::kExec, "*1\r\n+OK\r\n");
  EXPECT_EQ(client.gate_.activity().queued, std::nullopt);
  client.say({"SUBSCRIBE", "a", "b"}, kWithLane);
  client.say({"PSUBSCRIBE", "p*"}, kWithLane);
  client.say({"SSUBSCRIBE", "s"}, kWithLane);
  const ClientActivity activity = client.gate_.activity();
  EXPECT_EQ(activity.channels, 2u);
  EXPECT_EQ(activity.patterns, 1u);
  EXPECT_EQ(activity.shard_channels, 1u);
}

TEST(GateStateTest, PauseAndItsEndTravelOnALaneThatNoHeldUpWriteIsOn) {
  for (const auto& command : std::vector<std::vector<std::string>>{{"CLIENT", "PAUSE", "100"}, {"CLIENT", "UNPAUSE"}}) {
    Client client({}, "admin");
    EXPECT_EQ(client.say(command, kOwing).kind, Kind::kWait);
    EXPECT_TRUE(client.say(command).pinned);
    EXPECT_TRUE(client.gate_.leaves_lane_clean()) << "another may have it afterwards";
  }
}

}  // namespace
}  // namespace respgate::proxy
