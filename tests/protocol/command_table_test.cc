#include "protocol/command_table.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

CommandLookup find(std::initializer_list<std::string_view> words) {
  const std::vector<std::string_view> args(words);
  return find_command(args);
}

TEST(FindCommandTest, EveryCommandIsFoundByItsWords) {
  for (const CommandSpec& spec : all_commands()) {
    const std::size_t bar = spec.name.find('|');
    std::vector<std::string_view> args{spec.name.substr(0, bar)};
    if (bar != std::string_view::npos) args.push_back(spec.name.substr(bar + 1));
    const CommandLookup found = find_command(args);
    ASSERT_EQ(found.status, CommandLookup::Status::kFound) << spec.name;
    EXPECT_EQ(found.spec, &spec) << spec.name;
    EXPECT_EQ(find_command_by_name(spec.name), &spec);
  }
}

TEST(FindCommandTest, LettersMayHaveAnyCase) {
  EXPECT_EQ(find({"gEt"}).spec->name, "get");
  EXPECT_EQ(find({"CONFIG", "gET", "x"}).spec->name, "config|get");
  EXPECT_EQ(find_command_by_name("Config|Get")->name, "config|get");
}

TEST(FindCommandTest, OnlyAsciiLettersAreFolded) {
  EXPECT_EQ(find({std::string_view("\xe7\x65\x74", 3)}).status, CommandLookup::Status::kUnknownCommand);
  EXPECT_EQ(find({"CLIENT\\LIST"}).status, CommandLookup::Status::kUnknownCommand);  // '\\' | 0x20 is '|'
  EXPECT_EQ(find({"CLIENT", "NO\rEVICT"}).status, CommandLookup::Status::kUnknownSubcommand);
}

TEST(FindCommandTest, ANulByteIsPartOfTheName) {
  EXPECT_EQ(find({std::string_view("get\0", 4)}).status, CommandLookup::Status::kUnknownCommand);
  EXPECT_EQ(find({"config", std::string_view("get\0", 4)}).status, CommandLookup::Status::kUnknownSubcommand);
}

TEST(FindCommandTest, TheFirstWordIsNeverSplit) {
  EXPECT_EQ(find({"config|get"}).status, CommandLookup::Status::kUnknownCommand);
  EXPECT_EQ(find({"config|get", "x"}).status, CommandLookup::Status::kUnknownCommand);
}

TEST(FindCommandTest, ASecondWordOnlyCountsBehindAContainer) {
  EXPECT_EQ(find({"get", "set"}).spec->name, "get");
  EXPECT_EQ(find({"config", "config"}).status, CommandLookup::Status::kUnknownSubcommand);
  EXPECT_EQ(find({"config", "config"}).spec->name, "config");
}

TEST(FindCommandTest, AContainerAloneIsItselfAndItsArityFails) {
  const CommandLookup alone = find({"CONFIG"});
  ASSERT_EQ(alone.status, CommandLookup::Status::kFound);
  EXPECT_EQ(alone.spec->name, "config");
  EXPECT_TRUE(alone.spec->is_container);
  EXPECT_FALSE(alone.spec->arity_fits(1));
}

TEST(FindCommandTest, CommandIsAContainerThatRunsAlone) {
  const CommandLookup alone = find({"command"});
  EXPECT_EQ(alone.spec->name, "command");
  EXPECT_TRUE(alone.spec->arity_fits(1));
}

TEST(FindCommandTest, NothingEmptyOrHugeIsFound) {
  const std::string huge(1 << 20, 'g');
  EXPECT_EQ(find({}).status, CommandLookup::Status::kUnknownCommand);
  EXPECT_EQ(find({""}).status, CommandLookup::Status::kUnknownCommand);
  EXPECT_EQ(find({huge}).status, CommandLookup::Status::kUnknownCommand);
  EXPECT_EQ(find({"config", ""}).status, CommandLookup::Status::kUnknownSubcommand);
  EXPECT_EQ(find_command_by_name(""), nullptr);
  EXPECT_EQ(find_command_by_name("config|"), nullptr);
  EXPECT_EQ(find_command_by_name("|get"), nullptr);
  EXPECT_EQ(find_command_by_name("get|x"), nullptr);
}

TEST(FindCommandTest, ModuleCommandsAreUnknown) {
  for (const std::string_view name : {"json.get", "ft.search", "vadd", "bf.add"}) {
    EXPECT_EQ(find({name}).status, CommandLookup::Status::kUnknownCommand) << name;
  }
}

TEST(CommandTableTest, IdsAreDenseAndInOrderOfNames) {
  const auto all = all_commands();
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &CommandSpec::name));
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].id, i);
    EXPECT_EQ(&command(all[i].id), &all[i]);
  }
}

TEST(CommandTableTest, HoldsAllOfRedis70AndWhatCameLater) {
  EXPECT_EQ(std::ranges::count_if(all_commands(), &CommandSpec::in_redis_7_0), 366);
  for (const std::string_view later : {"waitaof", "client|capa", "client|setinfo", "hexpire", "delifeq", "commandlog|get", "msetex"}) {
    ASSERT_NE(find_command_by_name(later), nullptr) << later;
    EXPECT_FALSE(find_command_by_name(later)->in_redis_7_0) << later;
  }
}

TEST(CommandTableTest, SubcommandsOfAContainerAreItsOwnAndAll) {
  std::size_t seen = 0;
  for (const CommandSpec& spec : all_commands()) {
    const auto children = subcommands(spec);
    EXPECT_EQ(spec.is_container, !children.empty()) << spec.name;
    for (const CommandSpec& child : children) EXPECT_EQ(child.container, spec.id) << child.name;
    seen += children.size();
  }
  EXPECT_EQ(seen, static_cast<std::size_t>(std::ranges::count_if(
                      all_commands(), [](const CommandSpec& s) { return s.name.find('|') != std::string_view::npos; })));
  EXPECT_EQ(subcommands(*find_command_by_name("cluster")).front().name, "cluster|addslots");
}

TEST(CommandTableTest, CategoriesAreKnownByName) {
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    const auto category = static_cast<Category>(i);
    EXPECT_EQ(find_category(category_name(category)), category);
  }
  EXPECT_EQ(find_category("SortedSet"), Category::kSortedSet);
  EXPECT_EQ(find_category("all"), std::nullopt);
}

std::vector<std::string_view> names_with(Dispatch dispatch) {
  std::vector<std::string_view> names;
  for (const CommandSpec& spec : all_commands()) {
    if (spec.dispatch == dispatch) names.push_back(spec.name);
  }
  return names;
}

TEST(DispatchTest, WhatNoSharedProxyCanPassIsRefused) {
  EXPECT_EQ(names_with(Dispatch::kRefused), (std::vector<std::string_view>{"backup",
                                                                           "backup|abort",
                                                                           "backup|cleanup",
                                                                           "backup|help",
                                                                           "backup|list",
                                                                           "backup|seal",
                                                                           "backup|start",
                                                                           "backup|status",
                                                                           "client|import-source",
                                                                           "clusterscan",
                                                                           "failover",
                                                                           "himport",
                                                                           "himport|discard",
                                                                           "himport|discardall",
                                                                           "himport|prepare",
                                                                           "himport|set",
                                                                           "module",
                                                                           "module|help",
                                                                           "module|list",
                                                                           "module|load",
                                                                           "module|loadex",
                                                                           "module|unload",
                                                                           "monitor",
                                                                           "pfdebug",
                                                                           "pfselftest",
                                                                           "psync",
                                                                           "replconf",
                                                                           "replicaof",
                                                                           "restore-asking",
                                                                           "script|debug",
                                                                           "shutdown",
                                                                           "slaveof",
                                                                           "sync",
                                                                           "trimslots",
                                                                           "xidmprecord"}));
}

TEST(DispatchTest, WhatChangesItsConnectionIsPinned) {
  const auto pinned = names_with(Dispatch::kPinned);
  for (const std::string_view name :
       {"multi",           "exec",           "discard",      "watch",        "unwatch",    "subscribe",  "psubscribe",
        "ssubscribe",      "unsubscribe",    "punsubscribe", "sunsubscribe", "blpop",      "brpop",      "blmove",
        "blmpop",          "bzpopmin",       "bzpopmax",     "bzmpop",       "brpoplpush", "wait",       "waitaof",
        "client|tracking", "client|caching", "eval",         "evalsha",      "eval_ro",    "evalsha_ro", "fcall",
        "fcall_ro",        "function|load",  "script|load",  "debug",        "migrate"}) {
    EXPECT_TRUE(std::ranges::binary_search(pinned, name)) << name;
  }
}

TEST(DispatchTest, TheProxyAnswersForItselfAndItsConnections) {
  const auto local = names_with(Dispatch::kLocal);
  for (const std::string_view name : {"auth", "hello", "reset", "quit", "ping", "echo", "select", "command", "command|docs", "acl|whoami",
                                      "acl|setuser", "client|id", "client|list", "client|reply", "cluster|slots", "role", "readonly"}) {
    EXPECT_TRUE(std::ranges::binary_search(local, name)) << name;
  }
}

// tests/data/dispatch.txt is what the documentation of the project quotes.
TEST(DispatchTest, TheListOfThemAllIsTheOneThatIsPublished) {
  std::ifstream file(std::string(RESPGATE_TEST_DATA) + "/dispatch.txt");
  std::map<std::string, std::vector<std::string>> published;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with(':')) section = line.substr(0, line.size() - 1);
    if (!line.starts_with("  ")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) published[section].push_back(word);
  }
  std::map<std::string, std::vector<std::string>> ours;
  for (const CommandSpec& spec : all_commands()) ours[std::string(dispatch_name(spec.dispatch))].emplace_back(spec.name);
  EXPECT_EQ(ours, published);
}

// Whatever answers more or less than once, or waits, must not share a lane.
TEST(DispatchTest, NothingThatBlocksOrSubscribesIsForwarded) {
  for (const CommandSpec& spec : all_commands()) {
    if (spec.dispatch != Dispatch::kForward) continue;
    EXPECT_TRUE(!spec.has(flag::kBlocking) || spec.key_function == KeyFunction::kXRead) << spec.name;
    EXPECT_NE(spec.channels.mode, ChannelSpec::Mode::kSubscribe) << spec.name;
    EXPECT_NE(spec.channels.mode, ChannelSpec::Mode::kUnsubscribe) << spec.name;
    EXPECT_NE(spec.reach, Reach::kAnyKey) << spec.name;
    EXPECT_FALSE(spec.has(flag::kProtected | flag::kNoAuth | flag::kNoMulti) && spec.name != "save") << spec.name;
    EXPECT_FALSE(spec.is_container) << spec.name;
  }
}

bool blocks(std::initializer_list<std::string_view> words) {
  const std::vector<std::string_view> args(words);
  return may_block(*find_command(args).spec, args);
}

TEST(MayBlockTest, BlockingCommandsAlwaysMay) {
  EXPECT_TRUE(blocks({"BLPOP", "k", "0"}));
  EXPECT_TRUE(blocks({"WAIT", "1", "0"}));
  EXPECT_TRUE(blocks({"WAITAOF", "1", "0", "0"}));
  EXPECT_FALSE(blocks({"LPOP", "k"}));
}

TEST(MayBlockTest, StreamReadsMayWithTheirOption) {
  EXPECT_FALSE(blocks({"XREAD", "STREAMS", "BLOCK", "0"}));
  EXPECT_FALSE(blocks({"XREAD", "COUNT", "BLOCK", "STREAMS", "s", "0"}));
  EXPECT_FALSE(blocks({"XREADGROUP", "GROUP", "block", "BLOCK", "STREAMS", "s", ">"}));
  EXPECT_TRUE(blocks({"XREAD", "BLOCK", "0", "STREAMS", "s", "$"}));
  EXPECT_TRUE(blocks({"XREAD", "count", "1", std::string_view("Block\0", 6), "0", "STREAMS", "s", "$"}));
  EXPECT_TRUE(blocks({"XREADGROUP", "GROUP", "g", "c", "NOACK", "BLOCK", "1", "STREAMS", "s", ">"}));
}

}  // namespace
}  // namespace respgate::protocol
