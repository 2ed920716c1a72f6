// What may be queued in a transaction, by whom, and what it leaves on the lane.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/gate_client.h"

namespace respgate::proxy {
namespace {

using Refusal = Verdict::Refusal;

// Whether the server takes the SELECT is only known when it runs: rights in the database before it are needed too.
TEST(GateTransactionTest, WhatIsQueuedBehindASelectNeedsRightsInEveryDatabaseItMayRunIn) {
  Client client({.users = "user app on >p resetkeys (db=0,3 ~* +@all) (db=5 ~pub:* +get +select)\n"}, "app");
  client.say({"MULTI"});
  EXPECT_EQ(client.say({"GET", "secret"}, kWithLane).refusal, Refusal::kNone);
  client.say({"SELECT", "3"}, kWithLane);
  EXPECT_EQ(client.say({"GET", "secret"}, kWithLane).refusal, Refusal::kNone);
  client.say({"SELECT", "5"}, kWithLane);
  EXPECT_EQ(client.say({"GET", "secret"}, kWithLane).refusal, Refusal::kAcl);
  EXPECT_EQ(client.say({"GET", "pub:1"}, kWithLane).refusal, Refusal::kNone);
  client.say({"DISCARD"}, kWithLane);
  EXPECT_EQ(client.say({"GET", "secret"}, kWithLane).refusal, Refusal::kNone);
  Client hopeful({.users = "user app on >p (db=0 ~pub:* +get +multi +select) (db=99 ~* +@all)\n"}, "app");
  hopeful.say({"MULTI"});
  EXPECT_EQ(hopeful.say({"SELECT", "99"}, kWithLane).refusal, Refusal::kNone);
  EXPECT_EQ(hopeful.say({"GET", "secret"}, kWithLane).refusal, Refusal::kAcl) << "there may be no such database";
}

TEST(GateTransactionTest, AQueueIsJudgedAgainInTheDatabasesItWasQueuedFor) {
  constexpr std::string_view kLimited = "user app on >p resetkeys (db=0,3 ~* +@all) (db=5 ~pub:* +get +select)\n";
  for (const char* key : {"secret", "pub:1"}) {
    Client client({.users = "user app on >p ~* +@all\n"}, "app");
    client.say({"MULTI"});
    client.say({"SET", "secret", "x"}, kWithLane);
    client.say({"SELECT", "5"}, kWithLane);
    client.say({"GET", key}, kWithLane);
    ASSERT_TRUE(client.gate_.adopt(make_policy({.users = kLimited}, 2)));
    EXPECT_EQ(words(client.say({"EXEC"}, kWithLane)), std::string_view(key) == "secret" ? "DISCARD" : "EXEC");
  }
}

TEST(GateTransactionTest, WhatOneTransactionMayMakeTheProxyDoIsBounded) {
  Client client({}, "admin");
  client.say({"MULTI"});
  for (int i = 0; i < 32; ++i) EXPECT_EQ(client.hear({"CLIENT", "ID"}), "+QUEUED\r\n");
  EXPECT_EQ(client.hear({"CLIENT", "ID"}), "-ERR respgate: more than 32 commands in one transaction that the proxy answers\r\n");
  client.say({"DISCARD"}, kWithLane);
  client.say({"MULTI"});
  for (int i = 1; i < 16; ++i) EXPECT_EQ(client.say({"SELECT", std::to_string(i)}, kWithLane).refusal, Refusal::kNone);
  EXPECT_EQ(client.say({"SELECT", "7"}, kWithLane).refusal, Refusal::kNone) << "once more";
  EXPECT_EQ(client.hear({"SELECT", "16"}), "-ERR respgate: more than 16 databases in one transaction\r\n");
}

TEST(GateTransactionTest, WithoutRoomNothingIsQueued) {
  const Standing full{.has_lane = true, .no_room = "ERR respgate: memory limit reached, try again later"};
  Client client({}, "app");
  client.say({"MULTI"});
  for (const std::vector<std::string>& command : {std::vector<std::string>{"GET", "app:1"}, {"CLIENT", "SETNAME", "me"}})
    EXPECT_EQ(client.say(command, full).refusal, Refusal::kNoRoom) << command[0];
}

TEST(GateTransactionTest, WhatChangesTheConnectionDoesSoInsideATransactionToo) {
  for (const char* command : {"NO-EVICT", "NO-TOUCH"}) {
    Client client({}, "admin");
    client.say({"MULTI"});
    client.say({"CLIENT", command, "ON"}, kWithLane);
    client.say({"EXEC"}, kWithLane);
    EXPECT_FALSE(client.gate_.leaves_lane_clean()) << command;
  }
}

}  // namespace
}  // namespace respgate::proxy
