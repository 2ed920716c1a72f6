// What CLIENT LIST, KILL and UNBLOCK ask, whom they mean, and the reply.
#include "proxy/gate/client_query.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/local_caller.h"

namespace respgate::proxy {
namespace {

using protocol::RespVersion;
using Words = std::vector<std::string_view>;
using namespace std::string_view_literals;

const acl::PolicyPtr kPolicy = make_policy(LocalPolicy{"user alice on nopass ~* +@all\nuser bob on nopass\n"});

boost::system::result<ClientQuery, std::string> parse(Words args) {
  args.insert(args.begin(), "CLIENT"sv);
  return parse_client_query(*protocol::find_command(args).spec, args, *kPolicy);
}

ClientQuery query(const Words& args) {
  auto parsed = parse(args);
  EXPECT_TRUE(parsed) << args[0];
  return parsed ? *std::move(parsed) : ClientQuery{};
}

ClientState client(std::uint64_t id = 7, std::string_view user = "alice") {
  ClientState state;
  state.id = id;
  state.peer = "10.0.0.1:5000";
  state.local = "10.0.0.2:6379";
  state.policy = kPolicy;
  state.principal = kPolicy->find(user);
  return state;
}

struct Refused {
  Words args;
  std::string_view error;
};

TEST(ClientQueryTest, RefusesWhatTheServerRefusesInItsWords) {
  const Refused rows[] = {
      {{"LIST", "TYPE", "x"}, "ERR Unknown client type 'x'"},
      {{"LIST", "TYPE", "x\0y"sv}, "ERR Unknown client type 'x'"},
      {{"LIST", "TYPE"}, "ERR syntax error"},
      {{"LIST", "ID"}, "ERR syntax error"},
      {{"LIST", "x"}, "ERR syntax error"},
      {{"LIST", "TYPE", "normal", "ID", "1"}, "ERR syntax error"},
      {{"LIST", "ID", "x"}, "ERR Invalid client ID"},
      {{"LIST", "ID", "7", "+7"}, "ERR Invalid client ID"},
      {{"LIST", "ID", "07"}, "ERR Invalid client ID"},
      {{"LIST", "ID", "99999999999999999999"}, "ERR Invalid client ID"},
      {{"KILL", "ID", "0"}, "ERR client-id should be greater than 0"},
      {{"KILL", "ID", "x"}, "ERR client-id should be greater than 0"},
      {{"KILL", "ID", "99999999999999999999"}, "ERR client-id should be greater than 0"},
      {{"KILL", "ID", "1", "TYPE"}, "ERR syntax error"},
      {{"KILL", "MAXAGE", "1"}, "ERR syntax error"},
      {{"KILL", "SKIPME", "maybe"}, "ERR syntax error"},
      {{"KILL", "USER", "nosuch"}, "ERR No such user 'nosuch'"},
      {{"KILL", "TYPE", "x", "ID", "y"}, "ERR Unknown client type 'x'"},
      {{"UNBLOCK", "x"}, "ERR value is not an integer or out of range"},
      {{"UNBLOCK", "x", "y"}, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"},
      {{"unBLOCK", "1", "ERROR", "x"}, "ERR unknown subcommand or wrong number of arguments for 'unBLOCK'. Try CLIENT HELP."},
  };
  for (const Refused& row : rows) {
    const auto parsed = parse(row.args);
    ASSERT_FALSE(parsed) << row.error;
    EXPECT_EQ(parsed.error(), row.error);
  }
}

struct Meant {
  Words args;
  bool fits;
};

TEST(ClientQueryTest, EverythingThatIsSaidOfAClientHasToFit) {
  const Meant rows[] = {
      {{"LIST"}, true},
      {{"LIST", "TYPE", "NORMAL"}, true},
      {{"LIST", "TYPE", "pubsub"}, false},
      {{"LIST", "TYPE", "slave"}, false},
      {{"LIST", "TYPE", "replica"}, false},
      {{"LIST", "TYPE", "master"}, false},
      {{"LIST", "ID", "9", "7", "8"}, true},
      {{"LIST", "ID", "9", "-7", "8"}, false},
      {{"KILL", "10.0.0.1:5000"}, true},
      {{"KILL", "10.0.0.2:6379"}, false},
      {{"KILL", "ID"}, false},
      {{"KILL", "ADDR", "10.0.0.1:5000"}, true},
      {{"KILL", "ADDR", "10.0.0.1:5000\0x"sv}, true},
      {{"KILL", "ADDR", "10.0.0.1:500"}, false},
      {{"KILL", "LADDR", "10.0.0.2:6379"}, true},
      {{"KILL", "LADDR", ""}, false},
      {{"KILL", "USER", "alice"}, true},
      {{"KILL", "USER", "bob"}, false},
      {{"KILL", "id", "7", "user", "alice", "type", "normal", "addr", "10.0.0.1:5000"}, true},
      {{"KILL", "ID", "7", "USER", "bob"}, false},
      {{"KILL", "USER", "bob", "USER", "alice"}, true},
      {{"KILL", "SKIPME", "no"}, true},
      {{"UNBLOCK", "7"}, true},
      {{"UNBLOCK", "8"}, false},
  };
  for (const Meant& row : rows) {
    std::string shown;
    for (const std::string_view word : row.args) shown.append(word).append(" ");
    EXPECT_EQ(query(row.args).filter.matches(client(), ClientType::kNormal), row.fits) << shown;
  }
}

TEST(ClientQueryTest, WhoIsNotLoggedInIsNobodys) {
  ClientState nobody = client();
  nobody.principal = nullptr;
  EXPECT_FALSE(query({"KILL", "USER", "alice"}).filter.matches(nobody, ClientType::kNormal));
  EXPECT_TRUE(query({"KILL", "ID", "7"}).filter.matches(nobody, ClientType::kNormal));
}

TEST(ClientQueryTest, TheOldFormSparesNobodyAndTheNewOneWhoAsks) {
  EXPECT_FALSE(query({"KILL", "10.0.0.1:5000"}).spares_asker);
  EXPECT_TRUE(query({"KILL", "ID", "7"}).spares_asker);
  EXPECT_TRUE(query({"KILL", "SKIPME", "NO", "SKIPME", "yes"}).spares_asker);
  EXPECT_FALSE(query({"KILL", "ID", "7", "skipme", "no"}).spares_asker);
}

TEST(ClientQueryTest, UnblockSaysHow) {
  EXPECT_FALSE(query({"UNBLOCK", "7"}).unblocks_with_error);
  EXPECT_FALSE(query({"UNBLOCK", "7", "timeout"}).unblocks_with_error);
  EXPECT_TRUE(query({"UNBLOCK", "7", "Error"}).unblocks_with_error);
}

TEST(ClientQueryTest, LinesComeByNumberOrAsTheyWereNamedEachOnce) {
  const std::vector<ClientFindings> found{{{{4, "four\n"}, {1, "one\n"}}, 0, {}}, {{{3, "three\n"}}, 0, {}}};
  EXPECT_EQ(client_query_reply(query({"LIST"}), found, RespVersion::kResp2), "$15\r\none\nthree\nfour\n\r\n");
  EXPECT_EQ(client_query_reply(query({"LIST", "ID", "3", "2", "1", "3", "4"}), found, RespVersion::kResp2),
            "$15\r\nthree\none\nfour\n\r\n");
  EXPECT_EQ(client_query_reply(query({"LIST"}), {}, RespVersion::kResp3), "=4\r\ntxt:\r\n");
}

TEST(ClientQueryTest, TheKilledOfAllWorkersAreCountedAndWhoAskedAmongThem) {
  const std::vector<ClientFindings> found{{{}, 2, {}}, {{}, 3, {}}};
  ClientQuery asked = query({"KILL", "TYPE", "normal"});
  EXPECT_EQ(client_query_reply(asked, found, RespVersion::kResp2), ":5\r\n");
  asked.kills_asker = true;
  EXPECT_EQ(client_query_reply(asked, found, RespVersion::kResp2), ":6\r\n");
}

TEST(ClientQueryTest, TheOldFormSaysOkOrThatThereIsNone) {
  ClientQuery asked = query({"KILL", "10.0.0.1:5000"});
  EXPECT_EQ(client_query_reply(asked, {{}, {}}, RespVersion::kResp2), "-ERR No such client\r\n");
  EXPECT_EQ(client_query_reply(asked, {{}, {{}, 1, {}}}, RespVersion::kResp2), "+OK\r\n");
  asked.kills_asker = true;
  EXPECT_EQ(client_query_reply(asked, {{}, {}}, RespVersion::kResp2), "+OK\r\n");
}

TEST(ClientQueryTest, UnblockSaysWhatTheNodeSaidOrThatNobodyWaited) {
  const ClientQuery asked = query({"UNBLOCK", "7"});
  EXPECT_EQ(client_query_reply(asked, {{}, {{}, 0, ":1\r\n"}}, RespVersion::kResp2), ":1\r\n");
  EXPECT_EQ(client_query_reply(asked, {{}, {}}, RespVersion::kResp2), ":0\r\n");
}

}  // namespace
}  // namespace respgate::proxy
