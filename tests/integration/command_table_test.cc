// The command table against a live server's COMMAND: every command of Redis 7.0 is in
// it, and every fact that the server tells is the one the table tells.
#include "protocol/command_table.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/redis_process.h"

namespace respgate::test {
namespace {

using protocol::CommandSpec;
using protocol::KeySpec;
using Words = std::set<std::string, std::less<>>;

// The positions in an entry of COMMAND.
enum Field : std::uint8_t { kName, kArity, kFlags, kFirstKey, kLastKey, kStep, kCategories, kTips, kKeySpecs, kSubcommands };

Words words_of(const Reply& list) {
  Words words;
  for (const Reply& element : list.elements) words.insert(element.text);
  return words;
}

Words words_of(std::string_view blank_separated) {
  std::istringstream in{std::string(blank_separated)};
  Words words;
  for (std::string word; in >> word;) words.insert(word);
  return words;
}

// A map as RESP2 writes it: names and values in turn.
const Reply& field(const Reply& map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2)
    if (map.elements[i].text == name) return map.elements[i + 1];
  throw std::runtime_error("no field " + std::string(name));
}

Words visible_flags(const CommandSpec& spec) {
  Words words;
  for (const protocol::FlagWord& flag : protocol::kFlagWords)
    if (spec.has(flag.flag) && !flag.is_hidden) words.insert(std::string(flag.word));
  return words;
}

Words categories(const CommandSpec& spec) {
  Words words;
  for (std::size_t n = 0; n < protocol::kCategoryCount; ++n) {
    const auto category = static_cast<protocol::Category>(n);
    if (spec.in(category)) words.insert("@" + std::string(protocol::category_name(category)));
  }
  return words;
}

void expect_same_begin(const KeySpec& spec, const Reply& told) {
  const std::string& type = field(told, "type").text;
  const Reply& how = field(told, "spec");
  if (type == "index") {
    EXPECT_EQ(spec.begin, KeySpec::Begin::kIndex);
    EXPECT_EQ(spec.index, field(how, "index").integer);
  } else if (type == "keyword") {
    EXPECT_EQ(spec.begin, KeySpec::Begin::kKeyword);
    EXPECT_EQ(spec.keyword, field(how, "keyword").text);
    EXPECT_EQ(spec.start_from, field(how, "startfrom").integer);
  } else {
    EXPECT_EQ(spec.begin, KeySpec::Begin::kUnknown) << type;
  }
}

void expect_same_find(const KeySpec& spec, const Reply& told) {
  const std::string& type = field(told, "type").text;
  const Reply& how = field(told, "spec");
  if (type == "range") {
    EXPECT_EQ(spec.find, KeySpec::Find::kRange);
    EXPECT_EQ(spec.last_key, field(how, "lastkey").integer);
    EXPECT_EQ(spec.key_step, field(how, "keystep").integer);
    EXPECT_EQ(spec.limit, field(how, "limit").integer);
  } else if (type == "keynum") {
    EXPECT_EQ(spec.find, KeySpec::Find::kKeyNum);
    EXPECT_EQ(spec.key_num_index, field(how, "keynumidx").integer);
    EXPECT_EQ(spec.first_key, field(how, "firstkey").integer);
    EXPECT_EQ(spec.key_step, field(how, "keystep").integer);
  } else {
    EXPECT_EQ(spec.find, KeySpec::Find::kUnknown) << type;
  }
}

protocol::Access access_of(const Words& flags) {
  using protocol::Access;
  Access access = Access::kAny;
  if (flags.contains("access")) access = access | Access::kRead;
  for (const char* writes : {"insert", "update", "delete"})
    if (flags.contains(writes)) access = access | Access::kWrite;
  return access;
}

void expect_same_keys(const CommandSpec& spec, const Reply& told) {
  ASSERT_EQ(spec.keys.size(), told.elements.size());
  for (std::size_t n = 0; n < spec.keys.size(); ++n) {
    SCOPED_TRACE("key spec " + std::to_string(n));
    const KeySpec& key = spec.keys[n];
    const Words flags = words_of(field(told.elements[n], "flags"));
    EXPECT_EQ(words_of(key.flag_words), flags);
    EXPECT_EQ(key.access, access_of(flags));
    EXPECT_EQ(key.not_key, flags.contains("not_key"));
    EXPECT_EQ(key.incomplete, flags.contains("incomplete"));
    EXPECT_EQ(key.variable_flags, flags.contains("variable_flags"));
    expect_same_begin(key, field(told.elements[n], "begin_search"));
    expect_same_find(key, field(told.elements[n], "find_keys"));
  }
}

void expect_same(const Reply& entry) {
  const std::string& name = entry.elements[kName].text;
  SCOPED_TRACE(name);
  const CommandSpec* spec = protocol::find_command_by_name(name);
  ASSERT_NE(spec, nullptr);
  EXPECT_TRUE(spec->in_redis_7_0);
  EXPECT_EQ(spec->arity, entry.elements[kArity].integer);
  EXPECT_EQ(visible_flags(*spec), words_of(entry.elements[kFlags]));
  EXPECT_EQ(categories(*spec), words_of(entry.elements[kCategories]));
  EXPECT_EQ(spec->first_key, entry.elements[kFirstKey].integer);
  EXPECT_EQ(spec->last_key, entry.elements[kLastKey].integer);
  EXPECT_EQ(spec->key_step, entry.elements[kStep].integer);
  EXPECT_EQ(words_of(spec->tips), words_of(entry.elements[kTips]));
  expect_same_keys(*spec, entry.elements[kKeySpecs]);
  EXPECT_EQ(spec->is_container, !entry.elements[kSubcommands].elements.empty());
}

TEST(CommandTableTest, EveryFactALiveServerTellsIsTheTables) {
  const TemporaryDirectory directory;
  const RedisProcess server(directory, "redis");
  std::size_t compared = 0;
  Words told;
  const Reply commands = server.connect().call({"COMMAND"});
  for (const Reply& entry : commands.elements) {
    std::vector<const Reply*> family = {&entry};
    for (const Reply& sub : entry.elements[kSubcommands].elements) family.push_back(&sub);
    for (const Reply* member : family) {
      expect_same(*member);
      told.insert(member->elements[kName].text);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 366U);  // 240 commands and 126 subcommands of 7.0.15
  for (const CommandSpec& spec : protocol::all_commands()) EXPECT_EQ(spec.in_redis_7_0, told.contains(spec.name)) << spec.name;
}

TEST(CommandTableTest, TheCategoriesHoldWhatTheServerSaysTheyHold) {
  const TemporaryDirectory directory;
  const RedisProcess server(directory, "redis");
  RespConnection connection = server.connect();
  const Reply names = connection.call({"ACL", "CAT"});
  ASSERT_EQ(names.elements.size(), protocol::kCategoryCount);
  for (std::size_t n = 0; n < names.elements.size(); ++n) {
    const auto category = static_cast<protocol::Category>(n);
    EXPECT_EQ(protocol::category_name(category), names.elements[n].text);
    Words ours;
    for (const CommandSpec& spec : protocol::all_commands())
      if (spec.in_redis_7_0 && spec.in(category)) ours.insert(std::string(spec.name));
    EXPECT_EQ(ours, words_of(connection.call({"ACL", "CAT", names.elements[n].text}))) << names.elements[n].text;
  }
}

}  // namespace
}  // namespace respgate::test
