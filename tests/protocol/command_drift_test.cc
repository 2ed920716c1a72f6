// The rows of the command table that speak of Redis 7.0.15, compared with what a
// live server of that version says of itself.
#include <hiredis.h>

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "live_server.h"
#include "protocol/command_table.h"

namespace respgate::protocol {
namespace {

using Words = std::multiset<std::string>;

struct FreeContext {
  void operator()(redisContext* c) const { redisFree(c); }
};
struct FreeReply {
  void operator()(redisReply* r) const { freeReplyObject(r); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::span<redisReply* const> elements(const redisReply* reply) { return {reply->element, reply->elements}; }
std::string text(const redisReply* reply) { return {reply->str, reply->len}; }

Words words_of(const redisReply* reply) {
  Words words;
  for (const redisReply* word : elements(reply)) words.insert(text(word));
  return words;
}

std::string joined(const redisReply* reply) {
  std::string all;
  for (const redisReply* word : elements(reply)) all += (all.empty() ? "" : " ") + text(word);
  return all;
}

// The value behind `name` in a flat map; nullptr when it is not there.
const redisReply* field(const redisReply* map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map->elements; i += 2) {
    if (text(map->element[i]) == name) return map->element[i + 1];
  }
  return nullptr;
}
long long number(const redisReply* map, std::string_view name) { return field(map, name)->integer; }

Words visible_flags(CommandFlags flags) {
  Words words;
  for (const FlagWord& word : kFlagWords) {
    if (!word.is_hidden && (flags & word.flag) != 0) words.insert(std::string(word.word));
  }
  return words;
}

Words category_words(Categories categories) {
  Words words;
  for (std::size_t i = 0; i < kCategoryCount; ++i) {
    if (categories & bit(static_cast<Category>(i))) words.insert("@" + std::string(kCategoryNames[i]));
  }
  return words;
}

void compare_begin(const KeySpec& ours, const redisReply* theirs, const std::string& where) {
  const std::string type = text(field(theirs, "type"));
  const redisReply* spec = field(theirs, "spec");
  ASSERT_EQ(type, ours.begin == KeySpec::Begin::kIndex ? "index" : ours.begin == KeySpec::Begin::kKeyword ? "keyword" : "unknown") << where;
  if (ours.begin == KeySpec::Begin::kIndex) {
    EXPECT_EQ(number(spec, "index"), ours.index) << where;
  }
  if (ours.begin == KeySpec::Begin::kKeyword) {
    EXPECT_EQ(text(field(spec, "keyword")), ours.keyword) << where;
    EXPECT_EQ(number(spec, "startfrom"), ours.start_from) << where;
  }
}

void compare_find(const KeySpec& ours, const redisReply* theirs, const std::string& where) {
  const std::string type = text(field(theirs, "type"));
  const redisReply* spec = field(theirs, "spec");
  ASSERT_EQ(type, ours.find == KeySpec::Find::kRange ? "range" : ours.find == KeySpec::Find::kKeyNum ? "keynum" : "unknown") << where;
  if (ours.find == KeySpec::Find::kRange) {
    EXPECT_EQ(number(spec, "lastkey"), ours.last_key) << where;
    EXPECT_EQ(number(spec, "keystep"), ours.key_step) << where;
    EXPECT_EQ(number(spec, "limit"), ours.limit) << where;
  }
  if (ours.find == KeySpec::Find::kKeyNum) {
    EXPECT_EQ(number(spec, "keynumidx"), ours.key_num_index) << where;
    EXPECT_EQ(number(spec, "firstkey"), ours.first_key) << where;
    EXPECT_EQ(number(spec, "keystep"), ours.key_step) << where;
  }
}

void compare_key_spec(const KeySpec& ours, const redisReply* theirs, const std::string& where) {
  EXPECT_EQ(joined(field(theirs, "flags")), ours.flag_words) << where;
  const redisReply* notes = field(theirs, "notes");
  EXPECT_EQ(notes == nullptr ? "" : text(notes), ours.notes) << where;
  compare_begin(ours, field(theirs, "begin_search"), where);
  compare_find(ours, field(theirs, "find_keys"), where);
}

void compare_numbers(const CommandSpec& ours, std::span<redisReply* const> row) {
  EXPECT_EQ(row[1]->integer, ours.arity) << ours.name;
  EXPECT_EQ(row[3]->integer, ours.first_key) << ours.name;
  EXPECT_EQ(row[4]->integer, ours.last_key) << ours.name;
  EXPECT_EQ(row[5]->integer, ours.key_step) << ours.name;
}

// Compares one row of COMMAND, and the rows of its subcommands; counts them.
std::size_t compare_command(const redisReply* theirs) {
  const auto row = elements(theirs);
  const std::string name = text(row[0]);
  const CommandSpec* ours = find_command_by_name(name);
  if (ours == nullptr || !ours->in_redis_7_0) {
    ADD_FAILURE() << name << " is not a row of Redis 7.0";
    return 0;
  }
  compare_numbers(*ours, row);
  EXPECT_EQ(words_of(row[2]), visible_flags(ours->flags)) << name;
  EXPECT_EQ(words_of(row[6]), category_words(ours->categories)) << name;
  EXPECT_EQ(joined(row[7]), ours->tips) << name;
  EXPECT_EQ(row[8]->elements, ours->keys.size()) << name;
  for (std::size_t i = 0; i < std::min(row[8]->elements, ours->keys.size()); ++i) {
    compare_key_spec(ours->keys[i], row[8]->element[i], name + " key spec " + std::to_string(i));
  }
  std::size_t rows = 1;
  EXPECT_EQ(row[9]->elements != 0, ours->is_container) << name;
  for (const redisReply* subcommand : elements(row[9])) rows += compare_command(subcommand);
  return rows;
}

TEST(CommandDriftTest, TheTableSaysOfRedis70WhatRedis70SaysOfItself) {
  const LiveServer server;
  const std::unique_ptr<redisContext, FreeContext> context(redisConnectUnix(server.socket_path().c_str()));
  const Reply info(static_cast<redisReply*>(redisCommand(context.get(), "INFO server")));
  if (text(info.get()).find("redis_version:7.0.15") == std::string::npos) GTEST_SKIP() << "the rows are those of Redis 7.0.15";
  const Reply reply(static_cast<redisReply*>(redisCommand(context.get(), "COMMAND")));
  ASSERT_EQ(reply->type, REDIS_REPLY_ARRAY);
  std::size_t rows = 0;
  for (const redisReply* row : elements(reply.get())) rows += compare_command(row);
  EXPECT_EQ(rows, static_cast<std::size_t>(std::ranges::count_if(all_commands(), &CommandSpec::in_redis_7_0)));
}

}  // namespace
}  // namespace respgate::protocol
