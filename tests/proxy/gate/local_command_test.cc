// COMMAND, answered by the proxy: what this user may run, under the names in force.

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "proxy/gate/command_history.h"
#include "tests/proxy/local_caller.h"

namespace respgate::proxy {
namespace {

using protocol::RespVersion;

constexpr std::string_view kUsers =
    "user admin on nopass ~* &* +@all\n"
    "user reader on nopass ~* +get +config|get +command\n"
    "user nobody on nopass\n";

LocalPolicy policy() { return LocalPolicy(kUsers); }

std::set<std::string> listed(LocalCaller& caller) {
  const std::vector<std::string> names = texts_of(caller.value({"COMMAND", "LIST"}));
  return {names.begin(), names.end()};
}

TEST(LocalCommandTest, ListHoldsWhatTheUserMayRunAndTheContainersOfIt) {
  LocalCaller caller(policy(), "reader");
  EXPECT_EQ(listed(caller), (std::set<std::string>{"auth", "command", "command|count", "command|docs", "command|getkeys",
                                                   "command|getkeysandflags", "command|help", "command|info", "command|list", "config",
                                                   "config|get", "get", "hello", "quit", "reset"}));
}

TEST(LocalCommandTest, NobodyMayAtLeastLogInAndLeave) {
  LocalCaller caller(policy(), "nobody");
  EXPECT_EQ(listed(caller), (std::set<std::string>{"auth", "hello", "quit", "reset"}));
}

TEST(LocalCommandTest, CommandsNoProxyCanPassAreNotListed) {
  LocalCaller caller(policy(), "admin");
  const std::set<std::string> names = listed(caller);
  EXPECT_TRUE(names.contains("get"));
  for (const char* refused : {"sync", "psync", "replconf", "monitor"}) EXPECT_FALSE(names.contains(refused)) << refused;
}

TEST(LocalCommandTest, AFirstArgumentIsEnoughToBeListed) {
  LocalPolicy parts = policy();
  parts.users += "user picky on nopass ~* +select|0\n";
  LocalCaller caller(parts, "picky");
  EXPECT_TRUE(listed(caller).contains("select"));
}

TEST(LocalCommandTest, ScriptsAreListedForThoseWhoMayRunThem) {
  LocalPolicy parts = policy();
  parts.users += "user limited on nopass ~app:* +@all\n";
  LocalCaller limited(parts, "limited"), admin(parts, "admin");
  EXPECT_FALSE(listed(limited).contains("eval"));
  EXPECT_TRUE(listed(admin).contains("eval"));
  parts.options.scripts = acl::PolicyOptions::Scripts::kAllow;
  LocalCaller allowed(parts, "limited");
  EXPECT_TRUE(listed(allowed).contains("eval"));
}

// Observe opens no script, and no mode lets who has limits change those of others.
TEST(LocalCommandTest, ScriptsThatAreRefusedWhateverTheyAreAreNotListed) {
  using Scripts = acl::PolicyOptions::Scripts;
  for (const bool observes : {false, true}) {
    LocalPolicy parts = policy();
    parts.users += "user limited on nopass ~app:* +@all\nuser narrow on nopass ~app:* +get +command\n";
    parts.options.observe = observes;
    const auto scripts_of = [&](std::string_view user) {
      LocalCaller caller(parts, user);
      const std::set<std::string> names = listed(caller);
      std::string found;
      for (const char* name : {"eval", "evalsha_ro", "fcall", "function|load", "script|exists", "script|flush", "script|load"})
        if (names.contains(name)) found += std::string(found.empty() ? "" : " ") + name;
      return found;
    };
    parts.options.scripts = Scripts::kDeny;
    EXPECT_EQ(scripts_of("limited"), "");
    EXPECT_EQ(scripts_of("narrow"), "");
    parts.options.scripts = Scripts::kAllow;
    EXPECT_EQ(scripts_of("limited"), "eval evalsha_ro fcall script|exists script|flush script|load");
    parts.options.scripts = Scripts::kAllowList;
    EXPECT_EQ(scripts_of("limited"), "script|exists");
    parts.options.functions = {"f"};
    EXPECT_EQ(scripts_of("limited"), "fcall script|exists");
    parts.options.script_sha1 = {std::string(40, 'a')};
    EXPECT_EQ(scripts_of("limited"), "eval evalsha_ro fcall script|exists script|load");
    EXPECT_EQ(scripts_of("narrow"), observes ? "eval evalsha_ro fcall script|exists script|load" : "");
    EXPECT_EQ(scripts_of("admin"), "eval evalsha_ro fcall function|load script|exists script|flush script|load");
  }
}

TEST(LocalCommandTest, WhatARuleDeniesIsNotListed) {
  LocalPolicy parts = policy();
  parts.rules = {{{"CONFIG|SET", "@write"}, {"admin"}, {}, acl::RuleAction::kDeny, {}, ""}};
  LocalCaller caller(parts, "admin");
  const std::set<std::string> names = listed(caller);
  EXPECT_FALSE(names.contains("config|set"));
  EXPECT_FALSE(names.contains("set"));
  EXPECT_TRUE(names.contains("config|get"));
}

TEST(LocalCommandTest, WhatIsOnlyObservedIsListed) {
  LocalPolicy parts = policy();
  parts.options.observe = true;
  LocalCaller caller(parts, "nobody");
  const std::set<std::string> names = listed(caller);
  EXPECT_TRUE(names.contains("get"));
  EXPECT_FALSE(names.contains("monitor"));
}

TEST(LocalCommandTest, RenamedCommandsGoByTheirNewNames) {
  LocalPolicy parts = policy();
  parts.renames = {{"CONFIG", "cfg-9d1f"}, {"GET", ""}};
  LocalCaller caller(parts, "admin");
  const std::set<std::string> names = listed(caller);
  EXPECT_TRUE(names.contains("cfg-9d1f"));
  EXPECT_TRUE(names.contains("cfg-9d1f|get"));
  for (const char* gone : {"config", "config|get", "get"}) EXPECT_FALSE(names.contains(gone)) << gone;
  EXPECT_EQ(caller.call({"COMMAND", "INFO", "config", "get", "config|get"}), "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
  const RespValue info = caller.value({"COMMAND", "INFO", "CFG-9D1F"});
  EXPECT_EQ(info.values.at(0).values.at(0).text, "cfg-9d1f");
  EXPECT_EQ(info.values.at(0).values.at(9).values.at(0).values.at(0).text, "cfg-9d1f|get");
  EXPECT_EQ(caller.value({"COMMAND", "DOCS", "cfg-9d1f|get"}).values.at(0).text, "cfg-9d1f|get");
  EXPECT_EQ(caller.call({"COMMAND", "GETKEYS", "get", "k"}), "-ERR Invalid command specified\r\n");
}

TEST(LocalCommandTest, CountIsThatOfCommandsWithoutSubcommands) {
  LocalCaller caller(policy(), "reader");
  EXPECT_EQ(caller.call({"COMMAND", "COUNT"}), ":7\r\n");
  EXPECT_EQ(caller.value({"COMMAND"}).values.size(), 7u);
  EXPECT_EQ(caller.value({"COMMAND", "INFO"}), caller.value({"COMMAND"}));
}

TEST(LocalCommandTest, InfoShowsOnlyTheSubcommandsTheUserMayRun) {
  LocalCaller caller(policy(), "reader");
  const RespValue info = caller.value({"COMMAND", "INFO", "config"});
  ASSERT_EQ(info.values.at(0).values.at(9).values.size(), 1u);
  EXPECT_EQ(info.values.at(0).values.at(9).values.at(0).values.at(0).text, "config|get");
  EXPECT_EQ(caller.call({"COMMAND", "INFO", "config|set"}), "*1\r\n$-1\r\n");
}

TEST(LocalCommandTest, InfoOfWhatIsNoCommandIsNull) {
  LocalCaller caller(policy(), "admin", RespVersion::kResp3);
  EXPECT_EQ(caller.call({"COMMAND", "INFO", "nosuch", "get|x", "config|", "|get", "config|get|x", ""}),
            "*6\r\n_\r\n_\r\n_\r\n_\r\n_\r\n_\r\n");
}

TEST(LocalCommandTest, ANameGivenTooOftenIsRefused) {
  LocalCaller caller(policy(), "admin");
  std::vector<std::string_view> args{"COMMAND", "INFO"};
  args.resize(2 + protocol::kMaxCommands, "nosuch");
  EXPECT_EQ(caller.value(args).values.size(), protocol::kMaxCommands);
  args.emplace_back("nosuch");
  EXPECT_EQ(caller.call(args), "-ERR respgate: more than 1024 command names in one request\r\n");
  args[1] = "DOCS";
  EXPECT_EQ(caller.call(args), "-ERR respgate: more than 1024 command names in one request\r\n");
}

TEST(LocalCommandTest, ListIsFiltered) {
  LocalCaller caller(policy(), "admin");
  const auto filtered = [&caller](std::string_view by, std::string_view value) {
    return texts_of(caller.value({"COMMAND", "LIST", "filterby", by, value}));
  };
  EXPECT_EQ(filtered("PATTERN", "config|g*"), (std::vector<std::string>{"config|get"}));
  EXPECT_EQ(filtered("PATTERN", "CONFIG*"), (std::vector<std::string>{}));
  EXPECT_EQ(filtered("ACLCAT", "nosuch"), (std::vector<std::string>{}));
  EXPECT_EQ(filtered("module", "search"), (std::vector<std::string>{}));
  const std::vector<std::string> geo = filtered("aclcat", "GEO");
  EXPECT_NE(std::ranges::find(geo, "geoadd"), geo.end());
  EXPECT_EQ(std::ranges::find(geo, "get"), geo.end());
}

TEST(LocalCommandTest, ListRefusesWhatTheServerRefuses) {
  LocalCaller caller(policy(), "admin");
  const std::vector<std::vector<std::string_view>> filters = {
      {"FILTERBY"}, {"FILTERBY", "ACLCAT"}, {"FILTERBY", "COLOUR", "red"}, {"FILTER", "ACLCAT", "geo"}, {"FILTERBY", "ACLCAT", "geo", "x"}};
  for (const auto& filter : filters) {
    std::vector<std::string_view> args{"COMMAND", "LIST"};
    args.insert(args.end(), filter.begin(), filter.end());
    EXPECT_EQ(caller.call(args), "-ERR syntax error\r\n") << filter.back();
  }
}

TEST(LocalCommandTest, ListRefusesAPatternThatIsLongerThanAnyName) {
  LocalCaller caller(policy(), "admin");
  const std::string longest(1024, '*'), longer(1025, '*');
  EXPECT_EQ(caller.call({"COMMAND", "LIST", "FILTERBY", "PATTERN", longer}), "-ERR respgate: filters are limited to 1024 bytes\r\n");
  EXPECT_EQ(caller.call({"COMMAND", "LIST", "FILTERBY", "PATTERN", longest}), caller.call({"COMMAND", "LIST"}));
}

TEST(LocalCommandTest, DocsTellCategoriesSinceWhenAndWhatGroup) {
  EXPECT_EQ(LocalCaller(policy(), "admin").call({"COMMAND", "DOCS", "get", "nosuch"}),
            "*2\r\n$3\r\nget\r\n*6\r\n$7\r\nsummary\r\n$35\r\nACL categories: @read @string @fast\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n"
            "$5\r\ngroup\r\n$6\r\nstring\r\n");
}

TEST(LocalCommandTest, DocsOfAContainerAreAMapWithAMapInResp3) {
  const RespValue docs = LocalCaller(policy(), "reader", RespVersion::kResp3).value({"COMMAND", "DOCS", "config"});
  ASSERT_EQ(docs.type, '%');
  const RespValue& config = docs.values.at(1);
  ASSERT_EQ(config.type, '%');
  EXPECT_EQ(config.values.at(6).text, "subcommands");
  ASSERT_EQ(config.values.at(7).type, '%');
  EXPECT_EQ(config.values.at(7).values.at(0).text, "config|get");
  EXPECT_EQ(config.values.at(7).values.at(1).values.at(1).text, "ACL categories: @admin @slow @dangerous");
}

TEST(LocalCommandTest, EveryCommandOfTheTableHasAHistory) {
  for (const protocol::CommandSpec& spec : protocol::all_commands()) EXPECT_NE(history_of(spec).since, "") << spec.name;
}

TEST(LocalCommandTest, GetkeysFindsKeysWhoeverAsks) {
  LocalCaller caller(policy(), "reader");
  struct Row {
    std::vector<std::string_view> words;
    std::string_view reply;
  };
  const Row rows[] = {
      {{"mset", "a", "1", "b", "2"}, "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
      {{"EVAL", "s", "1", "k", "v"}, "*1\r\n$1\r\nk\r\n"},
      {{"eval", "s", "0"}, "*0\r\n"},
      {{"config", "get", "x"}, "-ERR The command has no key arguments\r\n"},
      {{"ssubscribe", "x"}, "-ERR The command has no key arguments\r\n"},
      {{"nosuch", "x"}, "-ERR Invalid command specified\r\n"},
      {{"config", "nosuch"}, "-ERR Invalid command specified\r\n"},
      {{"get", "a", "b"}, "-ERR Invalid number of arguments specified for command\r\n"},
      {{"zunion", "9", "x"}, "-ERR Invalid arguments specified for command\r\n"},
  };
  for (const Row& row : rows) {
    std::vector<std::string_view> args{"COMMAND", "GETKEYS"};
    args.insert(args.end(), row.words.begin(), row.words.end());
    EXPECT_EQ(caller.call(args), row.reply) << row.words[0];
  }
}

TEST(LocalCommandTest, GetkeysandflagsIsASetOfWordsForEachKey) {
  EXPECT_EQ(LocalCaller(policy(), "admin", RespVersion::kResp3).call({"COMMAND", "GETKEYSANDFLAGS", "copy", "a", "b"}),
            "*2\r\n*2\r\n$1\r\na\r\n~2\r\n+RO\r\n+access\r\n*2\r\n$1\r\nb\r\n~2\r\n+OW\r\n+update\r\n");
}

}  // namespace
}  // namespace respgate::proxy
