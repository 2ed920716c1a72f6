// ACL, answered by the proxy from its own policy.

#include <set>

#include <gtest/gtest.h>

#include "tests/proxy/local_caller.h"

namespace respgate::proxy {
namespace {

using acl::ServerTexts;
using protocol::RespVersion;

constexpr std::string_view kUsers =
    "user admin on nopass ~* &* +@all\n"
    "user alice on #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~a:* %R~shared:* &news -@all +@read +publish "
    "(~s:* +set)\n"
    "user bob off\n";
constexpr std::string_view kHash = "30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4";

LocalPolicy policy(ServerTexts texts = ServerTexts::kRedis70) {
  LocalPolicy parts(kUsers);
  parts.options.texts = texts;
  return parts;
}

TEST(LocalAclTest, WhoamiNamesThePrincipal) { EXPECT_EQ(LocalCaller(policy(), "alice").call({"ACL", "WHOAMI"}), "$5\r\nalice\r\n"); }

TEST(LocalAclTest, UsersAreThePolicysSortedByName) {
  EXPECT_EQ(texts_of(LocalCaller(policy(), "admin").value({"ACL", "USERS"})),
            (std::vector<std::string>{"admin", "alice", "bob", "default"}));
}

TEST(LocalAclTest, ListHasALineForEveryUserAndNoHash) {
  const RespValue list = LocalCaller(policy(), "admin").value({"ACL", "LIST"});
  ASSERT_EQ(list.values.size(), 4u);
  EXPECT_TRUE(list.values[1].text.starts_with("user alice on ")) << list.values[1].text;
  EXPECT_TRUE(list.values[1].text.ends_with("~a:* %R~shared:* resetchannels &news -@all +@read +publish (~s:* resetchannels -@all +set)"))
      << list.values[1].text;
  for (const RespValue& line : list.values) EXPECT_EQ(line.text.find('#'), std::string::npos) << line.text;
}

TEST(LocalAclTest, GetuserTellsEverythingButTheHash) {
  EXPECT_EQ(
      LocalCaller(policy(), "admin").call({"ACL", "GETUSER", "alice"}),
      "*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$10\r\n(redacted)\r\n"
      "$8\r\ncommands\r\n$21\r\n-@all +@read +publish\r\n"
      "$4\r\nkeys\r\n$16\r\n~a:* %R~shared:*\r\n$8\r\nchannels\r\n$5\r\n&news\r\n"
      "$9\r\nselectors\r\n*1\r\n*6\r\n$8\r\ncommands\r\n$10\r\n-@all +set\r\n$4\r\nkeys\r\n$4\r\n~s:*\r\n$8\r\nchannels\r\n$0\r\n\r\n");
}

TEST(LocalAclTest, GetuserIsAMapWithASetOfFlagsInResp3) {
  const std::string reply = LocalCaller(policy(), "admin", RespVersion::kResp3).call({"ACL", "GETUSER", "admin"});
  EXPECT_EQ(reply,
            "%6\r\n$5\r\nflags\r\n~2\r\n$2\r\non\r\n$6\r\nnopass\r\n$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$5\r\n+@all\r\n"
            "$4\r\nkeys\r\n$2\r\n~*\r\n$8\r\nchannels\r\n$2\r\n&*\r\n$9\r\nselectors\r\n*0\r\n");
}

TEST(LocalAclTest, LaterServersNameBothKindsOfPayload) {
  const std::string reply = LocalCaller(policy(ServerTexts::kRedis72), "admin").call({"ACL", "GETUSER", "bob"});
  EXPECT_TRUE(reply.starts_with("*12\r\n$5\r\nflags\r\n*2\r\n$3\r\noff\r\n$16\r\nsanitize-payload\r\n")) << reply;
}

TEST(LocalAclTest, GetuserShowsDatabasesOfAUserWhoHasNotAll) {
  LocalPolicy parts = policy();
  parts.users += "user carl on nopass ~* db=0,3 +get (~x +get)\n";
  const RespValue reply = LocalCaller(parts, "admin").value({"ACL", "GETUSER", "carl"});
  ASSERT_EQ(reply.values.size(), 14u);
  EXPECT_EQ(reply.values[10].text, "databases");
  EXPECT_EQ(reply.values[11].text, "db=0,3");
  EXPECT_EQ(reply.values[13].values.at(0).values.at(7).text, "alldbs");
}

TEST(LocalAclTest, GetuserOfNobodyIsNull) {
  EXPECT_EQ(LocalCaller(policy(), "admin").call({"ACL", "GETUSER", "ALICE"}), "$-1\r\n");
  EXPECT_EQ(LocalCaller(policy(), "admin", RespVersion::kResp3).call({"ACL", "GETUSER", ""}), "_\r\n");
}

TEST(LocalAclTest, NoReplyHoldsAPasswordHash) {
  LocalCaller caller(policy(), "admin");
  const std::string all = caller.call({"ACL", "LIST"}) + caller.call({"ACL", "GETUSER", "alice"}) + caller.call({"ACL", "USERS"});
  EXPECT_EQ(all.find(kHash), std::string::npos);
}

TEST(LocalAclTest, CatListsCategoriesInTheServersOrder) {
  EXPECT_EQ(texts_of(LocalCaller(policy(), "alice").value({"ACL", "CAT"})),
            (std::vector<std::string>{"keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
                                      "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
                                      "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"}));
}

TEST(LocalAclTest, CatOfACategoryListsItsCommandsUnderTheirFullNames) {
  LocalCaller caller(policy(), "alice");
  const std::vector<std::string> names = texts_of(caller.value({"ACL", "CAT", "DANGEROUS"}));
  const std::set<std::string> dangerous(names.begin(), names.end());
  EXPECT_TRUE(dangerous.contains("config|set"));
  EXPECT_TRUE(dangerous.contains("flushall"));
  EXPECT_FALSE(dangerous.contains("get"));
  EXPECT_FALSE(dangerous.contains("config"));
}

TEST(LocalAclTest, CatRefusesWhatTheServerRefuses) {
  LocalCaller caller(policy(), "alice");
  EXPECT_EQ(caller.call({"ACL", "CAT", "a\r\nb"}), "-ERR Unknown category 'a  b'\r\n");
  EXPECT_EQ(caller.call({"acl", "cat", "a", "b"}), "-ERR unknown subcommand or wrong number of arguments for 'cat'. Try ACL HELP.\r\n");
}

TEST(LocalAclTest, GenpassGivesAsManyHexDigitsAsTheBitsNeed) {
  LocalCaller caller(policy(), "alice");
  struct Row {
    std::string_view bits;
    std::size_t digits;
  };
  for (const Row& row : {Row{"1", 1}, Row{"4", 1}, Row{"5", 2}, Row{"128", 32}, Row{"4096", 1024}}) {
    const std::string password = caller.value({"ACL", "GENPASS", row.bits}).text;
    EXPECT_EQ(password.size(), row.digits) << row.bits;
    EXPECT_EQ(password.find_first_not_of("0123456789abcdef"), std::string::npos) << password;
  }
  EXPECT_EQ(caller.value({"ACL", "GENPASS"}).text.size(), 64u);
  EXPECT_NE(caller.call({"ACL", "GENPASS"}), caller.call({"ACL", "GENPASS"}));
}

TEST(LocalAclTest, GenpassRefusesWhatTheServerRefuses) {
  LocalCaller caller(policy(), "alice");
  const std::string range =
      "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096\r\n";
  for (const std::string_view bits : {"0", "-1", "4097", "9223372036854775807"}) EXPECT_EQ(caller.call({"ACL", "GENPASS", bits}), range);
  for (const std::string_view bits : {"x", "", "+1", "01", "1 ", "-0", "9223372036854775808"}) {
    EXPECT_EQ(caller.call({"ACL", "GENPASS", bits}), "-ERR value is not an integer or out of range\r\n") << bits;
  }
  EXPECT_EQ(caller.call({"ACL", "GENPASS", "1", "2"}),
            "-ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.\r\n");
}

TEST(LocalAclTest, DryrunSaysWhatTheServerWouldSay) {
  LocalCaller caller(policy(), "admin");
  struct Row {
    std::vector<std::string_view> words;
    std::string_view reply;
  };
  const Row rows[] = {
      {{"alice", "get", "a:1"}, "+OK\r\n"},
      {{"alice", "GET", "shared:1"}, "+OK\r\n"},
      {{"alice", "set", "s:1", "v"}, "+OK\r\n"},
      {{"alice", "auth", "x"}, "+OK\r\n"},
      {{"alice", "get", "b:1"}, "$52\r\nThis user has no permissions to access the 'b:1' key\r\n"},
      {{"alice", "set", "b:1", "v"}, "$52\r\nThis user has no permissions to access the 'b:1' key\r\n"},
      {{"alice", "publish", "old", "m"}, "$56\r\nThis user has no permissions to access the 'old' channel\r\n"},
      {{"alice", "config", "get", "x"}, "$60\r\nThis user has no permissions to run the 'config|get' command\r\n"},
      {{"nobody", "get", "a:1"}, "-ERR User 'nobody' not found\r\n"},
      {{"nobody", "get"}, "-ERR User 'nobody' not found\r\n"},
      {{"no\r\none", "get"}, "-ERR User 'no  one' not found\r\n"},
      {{"alice", "nosuch"}, "-ERR Command 'nosuch' not found\r\n"},
      {{"alice", "config", "nosuch"}, "-ERR Command 'config' not found\r\n"},
      {{"alice", "config|get", "x"}, "-ERR Command 'config|get' not found\r\n"},
      {{"alice", "get"}, "-ERR wrong number of arguments for 'get' command\r\n"},
      {{"alice", "config"}, "-ERR wrong number of arguments for 'config' command\r\n"},
      {{"alice", "config", "get"}, "-ERR wrong number of arguments for 'config|get' command\r\n"},
  };
  for (const Row& row : rows) {
    std::vector<std::string_view> args{"ACL", "DRYRUN"};
    args.insert(args.end(), row.words.begin(), row.words.end());
    EXPECT_EQ(caller.call(args), row.reply) << row.words[0] << ' ' << row.words[1];
  }
}

TEST(LocalAclTest, DryrunNamesTheUserInTheWordsOfLaterServers) {
  EXPECT_EQ(LocalCaller(policy(ServerTexts::kRedis72), "admin").value({"ACL", "DRYRUN", "alice", "get", "b"}).text,
            "User alice has no permissions to access the 'b' key");
}

TEST(LocalAclTest, DryrunFollowsTheCommandRules) {
  LocalPolicy parts = policy();
  parts.renames = {{"CONFIG", "cfg-9d1f"}};
  parts.rules = {{{"FLUSHDB"}, {}, {}, acl::RuleAction::kDeny, {}, "use the runbook"},
                 {{"KEYS"}, {}, {}, acl::RuleAction::kDeny, {}, ""},
                 {{"FLUSHALL"}, {}, {}, acl::RuleAction::kRewrite, {"SCAN", "0"}, ""}};
  LocalCaller caller(parts, "admin");
  EXPECT_EQ(caller.value({"ACL", "DRYRUN", "admin", "flushdb"}).text, "respgate: 'flushdb' is blocked by policy: use the runbook");
  EXPECT_EQ(caller.value({"ACL", "DRYRUN", "admin", "keys", "*"}).text, "respgate: 'keys' is blocked by policy");
  EXPECT_EQ(caller.call({"ACL", "DRYRUN", "admin", "config", "get", "x"}), "-ERR Command 'config' not found\r\n");
  EXPECT_EQ(caller.call({"ACL", "DRYRUN", "admin", "CFG-9d1f", "get", "x"}), "+OK\r\n");
  EXPECT_EQ(caller.call({"ACL", "DRYRUN", "admin", "flushall"}), "+OK\r\n");
  EXPECT_EQ(caller.call({"ACL", "DRYRUN", "alice", "flushall"}), "+OK\r\n") << "SCAN is what is judged, and alice may scan";
  EXPECT_EQ(caller.value({"ACL", "DRYRUN", "bob", "flushall"}).text, "This user has no permissions to run the 'scan' command");
}

TEST(LocalAclTest, DryrunSaysWhatNoSharedProxyCanPass) {
  EXPECT_EQ(LocalCaller(policy(), "admin").value({"ACL", "DRYRUN", "admin", "monitor"}).text,
            "respgate: 'monitor' is not available through the proxy");
}

TEST(LocalAclTest, ChangingUsersPointsAtUsersAcl) {
  LocalCaller caller(policy(), "admin");
  const std::string refusal =
      "-ERR respgate: users are managed in users.acl; change that file and have it loaded (SIGHUP, or POST /reload on the admin "
      "port)\r\n";
  EXPECT_EQ(caller.call({"ACL", "SETUSER", "eve", "on", "nopass", "+@all"}), refusal);
  EXPECT_EQ(caller.call({"ACL", "DELUSER", "bob"}), refusal);
  EXPECT_EQ(caller.call({"ACL", "LOAD"}), refusal);
  EXPECT_EQ(caller.call({"ACL", "SAVE"}), refusal);
}

}  // namespace
}  // namespace respgate::proxy
