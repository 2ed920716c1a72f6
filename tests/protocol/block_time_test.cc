#include <initializer_list>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/command_table.h"

namespace respgate::protocol {
namespace {

std::int64_t time_of(std::initializer_list<std::string_view> words) {
  const std::vector<std::string_view> args(words);
  const CommandSpec& spec = *find_command(args).spec;
  EXPECT_TRUE(may_block(spec, args)) << args[0];
  return block_time_ms(spec, args);
}

TEST(BlockTimeTest, IsReadWhereEachCommandHasIt) {
  EXPECT_EQ(time_of({"BLPOP", "a", "b", "2"}), 2001);
  EXPECT_EQ(time_of({"brpop", "a", "0.5"}), 501);
  EXPECT_EQ(time_of({"BLMOVE", "a", "b", "LEFT", "LEFT", "1"}), 1001);
  EXPECT_EQ(time_of({"BRPOPLPUSH", "a", "b", "1"}), 1001);
  EXPECT_EQ(time_of({"BLMPOP", "3", "1", "a", "LEFT"}), 3001);
  EXPECT_EQ(time_of({"BZMPOP", "3", "1", "a", "MIN"}), 3001);
  EXPECT_EQ(time_of({"BZPOPMIN", "a", "4"}), 4001);
  EXPECT_EQ(time_of({"XREAD", "COUNT", "2", "BLOCK", "250", "STREAMS", "s", "$"}), 251);
  EXPECT_EQ(time_of({"XREADGROUP", "GROUP", "BLOCK", "c", "BLOCK", "70", "STREAMS", "s", ">"}), 71);
  EXPECT_EQ(time_of({"WAIT", "1", "300"}), 301);
  EXPECT_EQ(time_of({"WAITAOF", "1", "1", "300"}), 301);
}

TEST(BlockTimeTest, ZeroIsForEver) {
  EXPECT_EQ(time_of({"BLPOP", "a", "0"}), kBlockForEver);
  EXPECT_EQ(time_of({"BLPOP", "a", "0.0"}), kBlockForEver);
  EXPECT_EQ(time_of({"XREAD", "BLOCK", "0", "STREAMS", "s", "$"}), kBlockForEver);
}

TEST(BlockTimeTest, WhatCannotBeReadIsNoTime) {
  for (const std::string_view time : {"", "x", "1x", "-1", "nan", "inf", "1e300", " 1"})
    EXPECT_EQ(time_of({"BLPOP", "a", time}), 0) << time;
  EXPECT_EQ(time_of({"XREAD", "BLOCK", "STREAMS", "s", "$"}), 0);
}

}  // namespace
}  // namespace respgate::protocol
