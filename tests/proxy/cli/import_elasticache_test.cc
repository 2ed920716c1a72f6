#include "proxy/cli/import_elasticache.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::proxy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// One of describe-users' entries.
std::string aws_user(const std::string& id, const std::string& name, const std::string& access, const std::string& authentication,
                     const std::string& more = "") {
  return R"({"UserId": ")" + id + R"(", "UserName": ")" + name + R"(", "Status": "active", "Engine": "valkey", "AccessString": ")" +
         access + R"(", "Authentication": )" + authentication + R"(, "ARN": "arn:aws:elasticache:us-east-1:123456789012:user:)" + id +
         "\"" + more + "}";
}

const std::string kPassword = R"({"Type": "password", "PasswordCount": 2})";
const std::string kIam = R"({"Type": "iam"})";
const std::string kNone = R"({"Type": "no-password"})";

std::string users_json(const std::vector<std::string>& entries) {
  std::string out;
  for (const std::string& entry : entries) out += (out.empty() ? "" : ",\n") + entry;
  return "{\"Users\": [" + out + "]}";
}

ImportResult import_text(const std::string& users, const std::string& groups = "", const std::string& group = "") {
  ElastiCacheSource source{{"U.json", users}, std::nullopt, group};
  if (!groups.empty()) source.groups = JsonFile{"G.json", groups};
  return import_elasticache(source);
}

Import imported(const std::string& users, const std::string& groups = "", const std::string& group = "") {
  ImportResult result = import_text(users, groups, group);
  if (!result) return ADD_FAILURE() << testing::PrintToString(result.error().what), Import{};
  EXPECT_TRUE(acl::parse_policy(result->users_acl).has_value());
  return *result;
}

std::vector<std::string> problems(const std::string& users, const std::string& groups = "", const std::string& group = "") {
  const ImportResult result = import_text(users, groups, group);
  if (result) return ADD_FAILURE() << result->users_acl, std::vector<std::string>();
  return result.error().what;
}

TEST(ImportElastiCacheTest, AUserWithPasswordsIsOffUntilOneIsGiven) {
  const Import import =
      imported(users_json({aws_user("orders-rw", "orders", "on ~orders:* %R~catalog:* &orders.* -@all +@read", kPassword)}));
  EXPECT_EQ(import.users_acl, "user orders off ~orders:* %R~catalog:* &orders.* -@all +@read\nuser default off\n");
  EXPECT_THAT(import.notes, ElementsAre(StartsWith("user 'orders' (UserId orders-rw): off: its password is not told")));
}

TEST(ImportElastiCacheTest, NoPasswordIsTakenOverAndWarnedOf) {
  const Import import =
      imported(users_json({aws_user("default", "default", "on ~* +@all", kNone), aws_user("w", "web", "on ~w:* +get", kNone)}));
  EXPECT_EQ(import.users_acl, "user default on nopass ~* +@all\nuser web on nopass ~w:* +get\n");
  EXPECT_THAT(import.notes, Contains(HasSubstr("'default' (UserId default): nopass, as it was: EVERY client is this user")));
  EXPECT_THAT(import.notes, Contains(HasSubstr("'web' (UserId w): nopass, as it was: EVERY password is right")));
}

TEST(ImportElastiCacheTest, WhoIsOffStaysOff) {
  const Import import = imported(users_json({aws_user("a", "a", "off ~* -@all", kNone), aws_user("b", "b", "~* +get", kNone)}));
  EXPECT_EQ(import.users_acl, "user a off nopass ~* -@all\nuser b off nopass ~* +get\nuser default off\n");
}

TEST(ImportElastiCacheTest, IamUsersAreOnWithoutAPasswordAndTheConfigurationIsTold) {
  const Import import = imported(users_json({aws_user("iam-1", "iam-1", "on ~* &* +@all", kIam)}));
  EXPECT_EQ(import.users_acl, "user iam-1 on ~* &* +@all\nuser default off\n");
  EXPECT_THAT(import.notes,
              Contains("for the configuration: users: {iam: {\"iam-1\": {access_keys_file: FILE, cache: CACHE, region: \"us-east-1\"}}}"));
}

TEST(ImportElastiCacheTest, WithoutAuthenticationAPasswordIsSupposed) {
  const std::string user = R"({"UserId": "a", "UserName": "a", "AccessString": "on nopass ~* +@all"})";
  const Import import = imported(users_json({user}));
  EXPECT_EQ(import.users_acl, "user a off ~* +@all\nuser default off\n");
  EXPECT_THAT(import.notes, Contains(HasSubstr("nopass in its access string is left out")));
}

TEST(ImportElastiCacheTest, AUserThatIsBeingDeletedIsLeftOut) {
  std::string going = aws_user("b", "b", "on ~* +get", kNone);
  going.replace(going.find("active"), 6, "deleting");
  const Import import = imported(users_json({aws_user("a", "a", "on ~* +get", kNone), going}));
  EXPECT_THAT(import.users_acl, Not(HasSubstr("user b")));
  EXPECT_THAT(import.notes, Contains(HasSubstr("'b' (UserId b): is left out, it is being deleted")));
}

TEST(ImportElastiCacheTest, CommandsOfModulesAreLeftOutAndTold) {
  const Import import = imported(users_json({aws_user("a", "a", "on ~* -@all +get +json.get -@search (~x:* +@json +set)", kIam)}));
  EXPECT_THAT(import.users_acl, HasSubstr("user a on ~* -@all +get (~x:* +set)\n"));
  for (const char* rule : {"'+json.get'", "'-@search'", "'+@json'"}) EXPECT_THAT(import.notes, Contains(HasSubstr(rule)));
}

TEST(ImportElastiCacheTest, SelectorsAndWordsInAnyCaseStayAsTheyAre) {
  const Import import = imported(users_json({aws_user("a", "a", "ON  ~a:* -@ALL +GET\\t(%R~b:*  +mget)", kIam)}));
  EXPECT_THAT(import.users_acl, HasSubstr("user a on ~a:* -@ALL +GET (%R~b:* +mget)\n"));
}

TEST(ImportElastiCacheTest, ChannelsThatOldEnginesGaveAreToldOf) {
  EXPECT_THAT(imported(users_json({aws_user("a", "a", "on ~* +@all", kIam)})).notes, Contains(HasSubstr("no rule about channels")));
  EXPECT_THAT(imported(users_json({aws_user("a", "a", "on ~* +@read", kIam)})).notes, Not(Contains(HasSubstr("channels"))));
  EXPECT_THAT(imported(users_json({aws_user("a", "a", "on ~* resetchannels +@all", kIam)})).notes,
              Not(Contains(HasSubstr("no rule about"))));
}

// ------------------------------------------------------------------------------------------ groups and names

const std::string kTwoOfAName =
    users_json({aws_user("orders-rw", "orders", "on ~orders:* +@all", kPassword, R"(, "UserGroupIds": ["rw"])"),
                aws_user("orders-ro", "orders", "on %R~orders:* +@read", kPassword, R"(, "UserGroupIds": ["ro"])")});

std::string groups_json(const std::string& id, const std::string& ids) {
  return R"({"UserGroups": [{"UserGroupId": ")" + id + R"(", "UserIds": [)" + ids +
         R"(], "PendingChanges": {}, "ReplicationGroups": ["prod-rg"]},
                            {"UserGroupId": "other", "UserIds": []}]})";
}

TEST(ImportElastiCacheTest, UsersOfOneNameNeedAGroup) {
  EXPECT_THAT(problems(kTwoOfAName),
              ElementsAre("U.json: user name 'orders' is that of orders-rw, orders-ro: choose a group with --group ID"));
}

TEST(ImportElastiCacheTest, AGroupDecidesWhichOfThemItIs) {
  const Import import = imported(kTwoOfAName, groups_json("ro", "\"orders-ro\""), "RO");
  EXPECT_EQ(import.users_acl, "user orders off %R~orders:* +@read\nuser default off\n");
  EXPECT_THAT(import.notes, Contains("for the configuration: users: {groups: {\"ro\": [\"orders\"]}}"));
}

TEST(ImportElastiCacheTest, WithoutAGroupsFileTheUsersOwnMembershipsCount) {
  EXPECT_THAT(imported(kTwoOfAName, "", "rw").users_acl, HasSubstr("user orders off ~orders:* +@all\n"));
  EXPECT_THAT(problems(kTwoOfAName, "", "none"), ElementsAre("U.json: has no user in group none"));
}

TEST(ImportElastiCacheTest, AGroupWithBothIsAnError) {
  EXPECT_THAT(problems(kTwoOfAName, groups_json("g", "\"orders-ro\", \"orders-rw\""), "g"),
              ElementsAre("U.json: user name 'orders' is that of orders-rw, orders-ro: take one of them out of group g"));
}

TEST(ImportElastiCacheTest, AGroupThatIsNotThereIsNamedAlongWithThoseThatAre) {
  EXPECT_THAT(problems(kTwoOfAName, groups_json("g", "\"orders-ro\""), "nosuch"),
              ElementsAre("G.json: write --group with one of: g, other"));
  EXPECT_THAT(problems(kTwoOfAName, groups_json("g", "\"orders-ro\"")), ElementsAre("G.json: write --group with one of: g, other"));
}

TEST(ImportElastiCacheTest, AMemberThatWasNotDescribedIsMissed) {
  EXPECT_THAT(problems(kTwoOfAName, groups_json("g", "\"orders-ro\", \"ghost\""), "g"), ElementsAre(HasSubstr("has no UserId ghost")));
}

TEST(ImportElastiCacheTest, AnIamUserOfAGroupIsToldTheGroupsCache) {
  const Import import = imported(users_json({aws_user("a", "a", "on ~* +get", kIam)}), groups_json("g", "\"a\""), "g");
  EXPECT_THAT(import.notes, Contains(HasSubstr("cache: \"prod-rg\", region: \"us-east-1\"}")));
}

TEST(ImportElastiCacheTest, WhoIsLeftOutIsInNoLineForTheConfiguration) {
  const Import import =
      imported(users_json({aws_user("evil", "a b", "on ~* +get", kIam), aws_user("bad", "bad", "on ~* +get nonsense", kIam),
                           aws_user("good", "good", "on ~* +get", kIam)}),
               groups_json("g", "\"evil\", \"bad\", \"good\""), "g");
  EXPECT_EQ(import.users_acl, "user good on ~* +get\nuser default off\n");
  std::vector<std::string> lines;
  for (const std::string& note : import.notes)
    if (note.starts_with("for the configuration: ")) lines.push_back(note);
  EXPECT_THAT(lines, ElementsAre(StartsWith("for the configuration: users: {iam: {\"good\": "),
                                 "for the configuration: users: {groups: {\"g\": [\"good\"]}}"));
}

// ------------------------------------------------------------------------------------------ engines

std::string group_of(const std::string& engine) {
  return R"({"UserGroups": [{"UserGroupId": "g", "Engine": ")" + engine + R"(", "UserIds": ["v", "r"]}]})";
}
const std::string kOneOfEach =
    users_json({aws_user("v", "v", "on ~* +get", kIam),
                R"({"UserId": "r", "UserName": "r", "Engine": "REDIS", "AccessString": "on ~* +get", "Authentication": {"Type": "iam"}})"});

TEST(ImportElastiCacheTest, AGroupOfValkeyHasUsersOfBothEngines) {
  const Import import = imported(kOneOfEach, group_of("valkey"), "g");
  EXPECT_EQ(import.users_acl, "user r on ~* +get\nuser v on ~* +get\nuser default off\n");
  EXPECT_THAT(import.notes, Not(Contains(HasSubstr("Engine"))));
}

TEST(ImportElastiCacheTest, AUserOfValkeyInAGroupOfRedisIsTakenOverAndToldOf) {
  const Import import = imported(kOneOfEach, group_of("redis"), "g");
  EXPECT_EQ(import.users_acl, "user r on ~* +get\nuser v on ~* +get\nuser default off\n");
  EXPECT_THAT(import.notes, Contains(StartsWith("user 'v' (UserId v): its Engine is valkey, and group g of redis takes none")));
  EXPECT_THAT(import.notes, Not(Contains(StartsWith("user 'r' (UserId r): its Engine"))));
}

TEST(ImportElastiCacheTest, AnEngineThatIsNeitherIsAnError) {
  EXPECT_THAT(problems(kOneOfEach, group_of("memcached"), "g"), ElementsAre("G.json: UserGroups[0]: Engine is neither redis nor valkey"));
  EXPECT_THAT(problems(users_json({R"({"UserId": "a", "UserName": "a", "Engine": "x", "AccessString": "on"})"})),
              ElementsAre("U.json: Users[0]: Engine is neither redis nor valkey"));
}

// ------------------------------------------------------------------------------------------ what is not as it should be

TEST(ImportElastiCacheTest, TextThatIsNoJsonIsToldByLineAndColumn) {
  EXPECT_THAT(problems("{\"Users\": [\n  {\"UserId\": oops}]}"),
              ElementsAre(StartsWith("U.json:2:14: no JSON from here on; write what `aws elasticache describe-users")));
  EXPECT_THAT(problems(""), ElementsAre(StartsWith("U.json:1:1: no JSON")));
  EXPECT_THAT(problems("[]"), ElementsAre(HasSubstr("U.json: an object is wanted, and there is: array")));
}

TEST(ImportElastiCacheTest, EveryMemberThatIsWrongIsToldByItsPath) {
  EXPECT_THAT(problems(R"({"Users": [{"UserId": 5, "UserName": "a", "AccessString": "on"}, {"UserId": "b", "UserName": "b"}, 7]})"),
              ElementsAre("U.json: Users[2]: an object is wanted, and there is: number",
                          "U.json: Users[0].UserId: text is wanted, and there is: number",
                          "U.json: Users[1].AccessString: is missing: text is wanted"));
  EXPECT_THAT(problems("{}"), ElementsAre("U.json: Users: is missing: a list of objects is wanted"));
  EXPECT_THAT(problems(R"({"Users": {}})"), ElementsAre("U.json: Users: a list of objects is wanted, and there is: object"));
  EXPECT_THAT(problems(users_json({aws_user("a", "a", "on", R"({"Type": "magic"})")})),
              ElementsAre(HasSubstr("Users[0].Authentication: Type is none of")));
  EXPECT_THAT(problems(kTwoOfAName, R"({"UserGroups": [{"UserGroupId": "g", "UserIds": "orders-ro"}]})", "g"),
              ElementsAre("G.json: UserGroups[0].UserIds: a list of texts is wanted, and there is: string"));
}

TEST(ImportElastiCacheTest, APageOfSeveralIsRefused) {
  EXPECT_THAT(problems(R"({"Users": [], "NextToken": "x"})"), Contains(HasSubstr("is one page of several")));
}

TEST(ImportElastiCacheTest, APasswordInAnAccessStringIsRefusedAndNotRepeated) {
  for (const char* rule : {">hunter2", "#abcdef", "reset", "!x"}) {
    const auto found = problems(users_json({aws_user("a", "a", std::string("on ~* ") + rule, kPassword)}));
    EXPECT_THAT(found, ElementsAre(HasSubstr("Users[0]: AccessString holds a password or reset")));
    EXPECT_THAT(found.front(), Not(HasSubstr("hunter2")));
  }
}

// A name is everything to an ACL file: whoever chooses one must not write a line of it.
TEST(ImportElastiCacheTest, ANameCannotBecomeALineOrARule) {
  for (const char* name : {"a\\nuser b on nopass ~* +@all", "a on nopass", "", "a\\u0000b", "a\\tb"}) {
    const Import import =
        imported(users_json({aws_user("evil", name, "on ~* +@all", kNone), aws_user("good", "good", "on ~* +get", kIam)}));
    EXPECT_EQ(import.users_acl, "user good on ~* +get\nuser default off\n") << name;
    EXPECT_THAT(import.notes, Contains(HasSubstr("(UserId evil): is left out"))) << name;
  }
}

TEST(ImportElastiCacheTest, WhatIsSaidIsPrintableAscii) {
  const std::string users =
      users_json({aws_user("i\\u001b[2J", "n\\u202e\\u001b", "on ~* +x\\u001by", kIam), aws_user("good", "good", "on +get", kIam)});
  for (const std::string& note : imported(users).notes) {
    for (const char c : note) EXPECT_TRUE(c >= ' ' && c <= '~') << note;
  }
}

TEST(ImportElastiCacheTest, NobodyLeftIsAnError) {
  EXPECT_THAT(problems(R"({"Users": []})"), Contains(HasSubstr("there is no user left")));
}

TEST(ImportElastiCacheTest, WhatIsNotKnownIsNotLookedAt) {
  EXPECT_THAT(
      imported(users_json({aws_user("a", "a", "on ~* +get", kIam, R"(, "Future": {"x": [1]}, "MinimumEngineVersion": null)")})).users_acl,
      HasSubstr("user a on"));
}

}  // namespace
}  // namespace respgate::proxy
