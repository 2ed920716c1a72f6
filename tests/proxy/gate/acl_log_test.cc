#include "proxy/gate/acl_log.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using Reason = AclLogEntry::Reason;
using Context = AclLogEntry::Context;

AclLogEntry entry(std::int64_t at_ms, std::string object, std::string user = "app", Reason reason = Reason::kKey,
                  Context context = Context::kTopLevel) {
  AclLogEntry made;
  made.reason = reason;
  made.context = context;
  made.object = std::move(object);
  made.username = std::move(user);
  made.client_info = "at " + std::to_string(at_ms);
  made.last_ms = at_ms;
  made.last_unix_ms = 1'000'000 + at_ms;
  return made;
}

// "object×count", newest first.
std::vector<std::string> told(const AclLog& log, std::size_t count = AclLog::kMost) {
  std::vector<std::string> all;
  for (const AclLogEntry& one : log.newest(count)) all.push_back(one.object + "×" + std::to_string(one.count));
  return all;
}

TEST(AclLogTest, TheNewestComeFirst) {
  AclLog log;
  for (const char* object : {"a", "b", "c"}) log.add(entry(0, object));
  EXPECT_THAT(told(log), ElementsAre("c×1", "b×1", "a×1"));
  EXPECT_THAT(told(log, 2), ElementsAre("c×1", "b×1"));
  EXPECT_THAT(told(log, 0), ElementsAre());
}

TEST(AclLogTest, WhatIsAlikeIsCountedTogetherAndComesFirstAgain) {
  AclLog log;
  log.add(entry(0, "a"));
  log.add(entry(10, "b"));
  log.add(entry(20, "a"));
  ASSERT_THAT(told(log), ElementsAre("a×2", "b×1"));
  const AclLogEntry first = log.newest(1).front();
  EXPECT_EQ(first.client_info, "at 20");
  EXPECT_EQ(first.id, 0u);
  EXPECT_EQ(first.created_unix_ms, 1'000'000);
  EXPECT_EQ(first.last_unix_ms, 1'000'020);
}

TEST(AclLogTest, EveryPartMustBeTheSame) {
  AclLog log;
  log.add(entry(0, "a"));
  log.add(entry(0, "b"));
  log.add(entry(0, "a", "other"));
  log.add(entry(0, "a", "app", Reason::kChannel));
  log.add(entry(0, "a", "app", Reason::kKey, Context::kMulti));
  EXPECT_THAT(told(log), ElementsAre("a×1", "a×1", "a×1", "b×1", "a×1"));
}

TEST(AclLogTest, AMinuteAfterTheLastItIsAnother) {
  AclLog log;
  log.add(entry(0, "a"));
  log.add(entry(60'000, "a"));
  log.add(entry(120'000, "a"));
  EXPECT_THAT(told(log), ElementsAre("a×3"));
  log.add(entry(180'001, "a"));
  EXPECT_THAT(told(log), ElementsAre("a×1", "a×3"));
}

TEST(AclLogTest, OnlyTheNewestTenAreComparedWith) {
  AclLog log;
  for (int i = 0; i < 10; ++i) log.add(entry(0, std::to_string(i)));
  log.add(entry(0, "0"));
  EXPECT_EQ(told(log).front(), "0×2");
  log.add(entry(0, "new"));
  log.add(entry(0, "1"));  // the eleventh
  EXPECT_EQ(told(log).front(), "1×1");
}

TEST(AclLogTest, TheOldestGoAndIdsAreNeverUsedTwice) {
  AclLog log;
  for (int i = 0; i < 1000; ++i) log.add(entry(0, std::to_string(i)));
  EXPECT_EQ(told(log, 5000).size(), AclLog::kMost);
  EXPECT_EQ(told(log).back(), "872×1");
  log.clear();
  EXPECT_THAT(told(log), ElementsAre());
  log.add(entry(0, "after"));
  EXPECT_EQ(log.newest(1).front().id, 1000u);
}

}  // namespace
}  // namespace respgate::proxy
