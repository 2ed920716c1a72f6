// What the proxy answers itself, beside what a live redis-server 7.0 answers: equal in
// every byte, but for what each test names.

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/proxy/live_server.h"
#include "tests/proxy/local_caller.h"

namespace respgate::proxy {
namespace {

using protocol::RespVersion;
using Words = std::vector<std::string_view>;

constexpr std::string_view kUsers =
    "user default on nopass ~* &* +@all\n"
    "user alice on >secret ~a:* %R~shared:* &news -@all +@read +publish (~s:* +set)\n"
    "user bob off skip-sanitize-payload\n";

class LocalLiveTest : public testing::TestWithParam<RespVersion> {
 protected:
  static void SetUpTestSuite() {
    server = std::make_unique<LiveServer>();
    server->call(
        {"ACL", "SETUSER", "alice", "on", ">secret", "~a:*", "%R~shared:*", "&news", "-@all", "+@read", "+publish", "(~s:* +set)"});
    server->call({"ACL", "SETUSER", "bob", "skip-sanitize-payload"});
  }
  static void TearDownTestSuite() { server.reset(); }

  void SetUp() override { server->set_version(GetParam()); }

  static LocalPolicy policy() {
    LocalPolicy parts(kUsers);
    parts.options.texts = acl::ServerTexts::kRedis70;
    return parts;
  }

  void expect_equal(const Words& words) {
    std::string shown;
    for (const std::string_view word : words) shown.append(word).append(" ");
    EXPECT_EQ(ours_.call(words), server->call(words)) << shown;
  }

  static inline std::unique_ptr<LiveServer> server;
  LocalCaller ours_{policy(), "default", GetParam()};
};

std::string version_name(const testing::TestParamInfo<RespVersion>& info) { return info.param == RespVersion::kResp2 ? "Resp2" : "Resp3"; }
INSTANTIATE_TEST_SUITE_P(BothVersions, LocalLiveTest, testing::Values(RespVersion::kResp2, RespVersion::kResp3), version_name);

// The entry of a command without its subcommands, and their names in order.
struct Entry {
  RespValue own;
  std::vector<RespValue> subcommands;

  explicit Entry(const RespValue& info) : own(info.values.at(0)) {
    if (own.type != '*') return;  // null
    subcommands = own.values.at(9).values;
    std::ranges::sort(subcommands, {}, [](const RespValue& each) { return each.values.at(0).text; });
    own.values.at(9).values.clear();
  }
};

std::vector<RespValue> known_to_7_0(std::vector<RespValue> subcommands) {
  std::erase_if(subcommands, [](const RespValue& each) { return !protocol::find_command_by_name(each.values.at(0).text)->in_redis_7_0; });
  return subcommands;
}

std::vector<RespValue> available(std::vector<RespValue> subcommands) {
  std::erase_if(subcommands, [](const RespValue& each) {
    const protocol::CommandSpec* spec = protocol::find_command_by_name(each.values.at(0).text);
    return spec == nullptr || spec->dispatch == protocol::Dispatch::kRefused;
  });
  return subcommands;
}

TEST_P(LocalLiveTest, InfoOfEveryCommandIsTheServersButForWhatTheProxyRefusesAndLaterSubcommands) {
  std::size_t compared = 0;
  for (const std::string& name : texts_of(parse_reply(server->call({"COMMAND", "LIST"})))) {
    const protocol::CommandSpec* spec = protocol::find_command_by_name(name);
    ASSERT_NE(spec, nullptr) << name;
    const Entry ours(ours_.value({"COMMAND", "INFO", name})), theirs(parse_reply(server->call({"COMMAND", "INFO", name})));
    const bool refused = spec->is_container ? available(theirs.subcommands).empty() : spec->dispatch == protocol::Dispatch::kRefused;
    if (refused) {
      EXPECT_NE(ours.own.type, '*') << name;
      continue;
    }
    ++compared;
    EXPECT_EQ(ours.own, theirs.own) << name;
    EXPECT_EQ(known_to_7_0(ours.subcommands), available(theirs.subcommands)) << name;
  }
  EXPECT_GT(compared, 300u);
}

TEST_P(LocalLiveTest, InfoOfACommandIsTheServersInEveryByte) {
  for (const std::string_view name : {"get", "set", "mget", "sort", "xreadgroup", "eval", "config|get", "nosuch", "bitfield", "migrate"}) {
    expect_equal({"COMMAND", "INFO", name});
  }
  expect_equal({"COMMAND", "INFO", "GET", "nosuch", "zunionstore"});
}

TEST_P(LocalLiveTest, GetkeysAndItsFlagsAreTheServers) {
  const std::vector<Words> commands = {
      {"get", "k"},
      {"set", "k", "v"},
      {"set", "k", "v", "get"},
      {"mset", "a", "1", "b", "2"},
      {"del", "a", "b"},
      {"copy", "a", "b"},
      {"rename", "a", "b"},
      {"lmove", "a", "b", "left", "left"},
      {"sort", "a"},
      {"zadd", "k", "1"},
      {"pfcount", "a", "b"},
      {"pfmerge", "a", "b"},
      {"getex", "k"},
      {"getdel", "k"},
      {"exists", "k"},
      {"watch", "k"},
      {"touch", "k"},
      {"strlen", "k"},
      {"object", "freq", "k"},
      {"memory", "usage", "k"},
      {"restore", "k", "0", "x"},
      {"zadd", "k", "1", "m"},
      {"sort", "a", "store", "b"},
      {"eval", "s", "1", "k"},
      {"eval", "s", "0"},
      {"zunionstore", "d", "2", "a", "b"},
      {"lmpop", "2", "a", "b", "left"},
      {"xreadgroup", "group", "g", "c", "streams", "a", "b", "0", "0"},
      {"bitfield", "k", "get", "u8", "0"},
      {"bitfield", "k", "set", "u8", "0", "1"},
      {"migrate", "h", "1", "k", "0", "1"},
      {"migrate", "h", "1", "", "0", "1", "keys", "a", "b"},
      {"georadius", "k", "0", "0", "1", "m"},
      {"georadius", "k", "0", "0", "1", "m", "store", "d"},
      {"xgroup", "create", "k", "g", "$"},
      {"config", "get", "x"},
      {"ssubscribe", "x"},
      {"nosuch", "x"},
      {"config", "nosuch"},
      {"get", "a", "b"},
      {"zunion", "9", "x"},
  };
  for (const Words& command : commands) {
    for (const std::string_view subcommand : {"GETKEYS", "GETKEYSANDFLAGS"}) {
      Words words{"COMMAND", subcommand};
      words.insert(words.end(), command.begin(), command.end());
      expect_equal(words);
    }
  }
}

TEST_P(LocalLiveTest, ListsAndTheirRefusalsAreTheServers) {
  for (const Words& words : std::vector<Words>{{"COMMAND", "LIST", "FILTERBY", "ACLCAT", "nosuch"},
                                               {"COMMAND", "LIST", "FILTERBY", "PATTERN", "config|g*"},
                                               {"COMMAND", "LIST", "FILTERBY", "MODULE", "x"},
                                               {"COMMAND", "LIST", "FILTERBY", "x", "y"},
                                               {"COMMAND", "LIST", "x"},
                                               {"COMMAND", "DOCS", "nosuch"}}) {
    expect_equal(words);
  }
}

// The pairs of `docs` that have one of these names.
RespValue reduced(const RespValue& docs) {
  RespValue kept{docs.type, "", {}};
  for (std::size_t i = 0; i < docs.values.size(); i += 2) {
    const std::string& name = docs.values[i].text;
    if (name == "since" || name == "group") kept.values.insert(kept.values.end(), {docs.values[i], docs.values[i + 1]});
  }
  return kept;
}

TEST_P(LocalLiveTest, WhatDocsSayIsWhatTheServerSays) {
  for (const std::string& name : texts_of(parse_reply(server->call({"COMMAND", "LIST"})))) {
    const RespValue ours = ours_.value({"COMMAND", "DOCS", name});
    if (ours.values.empty()) continue;  // refused by the proxy
    const RespValue theirs = parse_reply(server->call({"COMMAND", "DOCS", name}));
    EXPECT_EQ(ours.type, theirs.type) << name;
    EXPECT_EQ(ours.values.at(0), theirs.values.at(0)) << name;
    EXPECT_EQ(reduced(ours.values.at(1)), reduced(theirs.values.at(1))) << name;
  }
}

TEST_P(LocalLiveTest, AclAnswersAreTheServers) {
  const std::vector<Words> commands = {
      {"WHOAMI"},
      {"USERS"},
      {"CAT"},
      {"CAT", "nosuch"},
      {"CAT", "a", "b"},
      {"GETUSER", "default"},
      {"GETUSER", "bob"},
      {"GETUSER", "nobody"},
      {"GENPASS", "0"},
      {"GENPASS", "x"},
      {"GENPASS", "1", "2"},
      {"DRYRUN", "alice", "get", "a:1"},
      {"DRYRUN", "alice", "set", "s:1", "v"},
      {"DRYRUN", "alice", "set", "b:1", "v"},
      {"DRYRUN", "alice", "get", "b:1"},
      {"DRYRUN", "alice", "publish", "old", "m"},
      {"DRYRUN", "alice", "config", "get", "x"},
      {"DRYRUN", "alice", "auth", "x"},
      {"DRYRUN", "alice", "get"},
      {"DRYRUN", "alice", "config"},
      {"DRYRUN", "alice", "config", "nosuch"},
      {"DRYRUN", "alice", "no\r\nsuch"},
      {"DRYRUN", "nobody", "get", "a:1"},
  };
  for (const Words& command : commands) {
    Words words{"ACL"};
    words.insert(words.end(), command.begin(), command.end());
    expect_equal(words);
  }
}

TEST_P(LocalLiveTest, GetuserIsTheServersButForThePasswords) {
  RespValue theirs = parse_reply(server->call({"ACL", "GETUSER", "alice"}));
  for (RespValue& password : theirs.values.at(3).values) password.text = "(redacted)";
  EXPECT_EQ(ours_.value({"ACL", "GETUSER", "alice"}), theirs);
}

TEST_P(LocalLiveTest, CatOfEachCategoryHoldsWhatTheServersHolds) {
  for (const std::string& category : texts_of(parse_reply(server->call({"ACL", "CAT"})))) {
    const std::vector<std::string> theirs = texts_of(parse_reply(server->call({"ACL", "CAT", category})));
    std::set<std::string> ours;
    for (const std::string& name : texts_of(ours_.value({"ACL", "CAT", category}))) {
      if (protocol::find_command_by_name(name)->in_redis_7_0) ours.insert(name);
    }
    EXPECT_EQ(ours, std::set<std::string>(theirs.begin(), theirs.end())) << category;
  }
}

// "id addr laddr …"
std::string field_names(std::string_view line) {
  std::string names;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find_first_of(" \n", at), line.size());
    names.append(line.substr(at, line.find('=', at) - at)).append(" ");
    at = end + 1;
  }
  return names;
}

TEST_P(LocalLiveTest, ClientInfoHasTheServersFieldsInItsOrder) {
  const RespValue ours = ours_.value({"CLIENT", "INFO"}), theirs = parse_reply(server->call({"CLIENT", "INFO"}));
  EXPECT_EQ(ours.type, theirs.type);
  EXPECT_EQ(field_names(ours.text), field_names(theirs.text));
}

TEST_P(LocalLiveTest, ClientAnswersAreTheServers) {
  const std::vector<Words> commands = {
      {"GETNAME"},           {"SETNAME", "a b"},
      {"SETNAME", "worker"}, {"GETNAME"},
      {"SETNAME", ""},       {"GETNAME"},
      {"LIST", "TYPE", "x"}, {"LIST", "TYPE", "master"},
      {"LIST", "TYPE"},      {"LIST", "x"},
      {"LIST", "ID"},        {"LIST", "ID", "x"},
      {"LIST", "ID", "+1"},  {"LIST", "ID", "99999999999999999999"},
      {"LIST", "ID", "-1"},  {"LIST", "TYPE", "normal", "ID", "1"},
  };
  for (const Words& command : commands) {
    Words words{"CLIENT"};
    words.insert(words.end(), command.begin(), command.end());
    expect_equal(words);
  }
}

}  // namespace
}  // namespace respgate::proxy
