// What a client goes on hearing without asking again, and whether it may.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/lane/lane_directory.h"
#include "tests/proxy/gate_client.h"

namespace respgate::proxy {
namespace {

using Kind = Verdict::Kind;
using Refusal = Verdict::Refusal;

TEST(GateHoldingTest, APrefixThatLooksLikeAnOptionHidesNone) {
  LaneDirectory lanes;
  lanes.set(42, "admin", 9002);
  const Standing standing{.lanes = &lanes};
  Client app({}, "app");
  for (const char* prefix : {"redirect", "REDIRECT", "prefix", "bcast"})
    EXPECT_EQ(app.say({"CLIENT", "TRACKING", "ON", "PREFIX", prefix, "BCAST"}).refusal, Refusal::kAcl) << prefix;
  EXPECT_EQ(std::string(app.say({"CLIENT", "TRACKING", "ON", "PREFIX", "redirect", "REDIRECT", "9002"}, standing).answer),
            "-ERR The client ID you want redirect to does not exist\r\n");
  Client admin({}, "admin");
  EXPECT_EQ(words(admin.say({"CLIENT", "TRACKING", "ON", "PREFIX", "redirect", "REDIRECT", "42", "BCAST"}, standing)),
            "CLIENT TRACKING ON PREFIX redirect REDIRECT 9002 BCAST");
}

TEST(GateHoldingTest, BroadcastsThatAreOnlyAskedForCountAsHeld) {
  Client admin({}, "admin");
  admin.say({"CLIENT", "TRACKING", "ON", "BCAST"});
  EXPECT_EQ(admin.say({"AUTH", "app", "app-secret"}, kWithLane).kind, Kind::kClose);
  Client other({}, "admin");
  other.say({"CLIENT", "TRACKING", "ON", "BCAST"});
  EXPECT_FALSE(other.gate_.adopt(make_policy({.users = "user admin on >p ~a +@all\n"}, 2)));
}

TEST(GateHoldingTest, AHelloThatLogsInAsOneWhoMayNotEndsItInEitherProtocol) {
  for (const char* version : {"2", "3"}) {
    Client client({}, "admin");
    client.say({"HELLO", "3"});
    client.say({"SUBSCRIBE", "any"});
    EXPECT_EQ(client.say({"HELLO", version, "AUTH", "app", "app-secret"}, kWithLane).kind, Kind::kClose) << version;
  }
}

TEST(GateHoldingTest, ALoginBehindABlockedCommandIsReadWhenThatIsOver) {
  Client client({}, "app");
  client.say({"BLPOP", "app:1", "0"});
  EXPECT_EQ(client.say({"AUTH", "admin", "admin-secret"}, kWithLane).kind, Kind::kWait);
  EXPECT_EQ(client.user(), "app");
  client.gate_.unblocked();
  EXPECT_EQ(client.hear({"AUTH", "admin", "admin-secret"}), "+OK\r\n");
}

}  // namespace
}  // namespace respgate::proxy
