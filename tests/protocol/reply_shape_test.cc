#include "protocol/reply_shape.h"

#include <initializer_list>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/command_table.h"

namespace respgate::protocol {
namespace {

using std::string_view_literals::operator""sv;
using enum RespType;

ReplyExpectation expected(std::initializer_list<std::string_view> words, RespVersion version) {
  const std::vector<std::string_view> args(words);
  return expected_reply(*find_command(args).spec, args, version);
}
ReplyExpectation resp2(std::initializer_list<std::string_view> words) { return expected(words, RespVersion::kResp2); }
ReplyExpectation resp3(std::initializer_list<std::string_view> words) { return expected(words, RespVersion::kResp3); }

constexpr std::int64_t kNullLength = -1;

TEST(ReplyShapeTest, ErrorsAreAlwaysPossible) {
  for (const CommandSpec& spec : all_commands()) {
    const std::vector<std::string_view> args(spec.arity < 0 ? static_cast<std::size_t>(-spec.arity) : static_cast<std::size_t>(spec.arity),
                                             "x");
    for (const RespVersion version : {RespVersion::kResp2, RespVersion::kResp3}) {
      EXPECT_TRUE(expected_reply(spec, args, version).admits(kError, 0)) << spec.name;
      EXPECT_TRUE(expected_reply(spec, args, version).admits(kBlobError, 3)) << spec.name;
    }
  }
}

TEST(ReplyShapeTest, ACounterAnswersAnInteger) {
  EXPECT_TRUE(resp2({"INCR", "k"}).admits(kInteger, 0));
  for (const RespType type : {kSimple, kBulk, kArray, kNull, kDouble, kMap, kPush}) {
    EXPECT_FALSE(resp3({"INCR", "k"}).admits(type, 1)) << static_cast<char>(type);
  }
}

TEST(ReplyShapeTest, ANullIsNotAStringAndNotAnArray) {
  EXPECT_TRUE(resp2({"GET", "k"}).admits(kBulk, 5));
  EXPECT_TRUE(resp2({"GET", "k"}).admits(kBulk, kNullLength));
  EXPECT_FALSE(resp2({"GET", "k"}).admits(kArray, kNullLength));
  EXPECT_FALSE(resp2({"ECHO", "k"}).admits(kBulk, kNullLength));
  EXPECT_TRUE(resp2({"LMPOP", "1", "k", "LEFT"}).admits(kArray, kNullLength));
  EXPECT_FALSE(resp2({"LMPOP", "1", "k", "LEFT"}).admits(kBulk, kNullLength));
  EXPECT_FALSE(resp2({"LRANGE", "k", "0", "1"}).admits(kArray, kNullLength));
  EXPECT_TRUE(resp3({"LMPOP", "1", "k", "LEFT"}).admits(RespType::kNull, 0));
  EXPECT_FALSE(resp3({"STRLEN", "k"}).admits(RespType::kNull, 0));
}

TEST(ReplyShapeTest, AnArrayHasTheLengthThatFollowsFromTheArguments) {
  EXPECT_TRUE(resp2({"MGET", "a", "b", "c"}).admits(kArray, 3));
  EXPECT_FALSE(resp2({"MGET", "a", "b", "c"}).admits(kArray, 2));
  EXPECT_FALSE(resp2({"MGET", "a", "b", "c"}).admits(kArray, 4));
  EXPECT_TRUE(resp3({"HMGET", "h", "a", "b"}).admits(kArray, 2));
  EXPECT_FALSE(resp3({"HMGET", "h", "a", "b"}).admits(kArray, 3));
  EXPECT_TRUE(resp2({"GEOPOS", "g"}).admits(kArray, 0));
  EXPECT_TRUE(resp2({"SCAN", "0"}).admits(kArray, 2));
  EXPECT_FALSE(resp2({"SCAN", "0"}).admits(kArray, 0));
  EXPECT_FALSE(resp2({"TIME"}).admits(kArray, 3));
}

TEST(ReplyShapeTest, TypesOfResp3AreNotThoseOfResp2) {
  EXPECT_TRUE(resp3({"HGETALL", "h"}).admits(kMap, 2));
  EXPECT_FALSE(resp3({"HGETALL", "h"}).admits(kArray, 4));
  EXPECT_TRUE(resp2({"HGETALL", "h"}).admits(kArray, 4));
  EXPECT_TRUE(resp3({"SMEMBERS", "s"}).admits(kSet, 2));
  EXPECT_TRUE(resp3({"ZSCORE", "z", "m"}).admits(kDouble, 0));
  EXPECT_TRUE(resp2({"ZSCORE", "z", "m"}).admits(kBulk, 1));
  EXPECT_TRUE(resp3({"INFO"}).admits(kVerbatim, 100));
}

TEST(ReplyShapeTest, ACountMakesAnArrayOfIt) {
  EXPECT_TRUE(resp2({"SPOP", "s"}).admits(kBulk, 1));
  EXPECT_FALSE(resp2({"SPOP", "s"}).admits(kArray, 1));
  EXPECT_TRUE(resp2({"SPOP", "s", "1"}).admits(kArray, 1));
  EXPECT_FALSE(resp2({"SPOP", "s", "1"}).admits(kBulk, 1));
  EXPECT_TRUE(resp3({"SPOP", "s", "1"}).admits(kSet, 1));
}

TEST(ReplyShapeTest, AnOptionThatIsNotThereCannotBeAnswered) {
  EXPECT_FALSE(resp3({"ZADD", "z", "1", "m"}).admits(kDouble, 0));
  EXPECT_TRUE(resp3({"ZADD", "z", "XX", "incr", "1", "m"}).admits(kDouble, 0));
  EXPECT_FALSE(resp2({"SET", "k", "v", "NX"}).admits(kBulk, 1));
  EXPECT_TRUE(resp2({"SET", "k", "v", "GET\0x"sv}).admits(kBulk, 1));
  EXPECT_FALSE(resp2({"SET", "k", "GET"}).admits(kBulk, 1));
  EXPECT_FALSE(resp2({"SORT", "k"}).admits(kInteger, 0));
  EXPECT_TRUE(resp2({"SORT", "k", "STORE", "d"}).admits(kInteger, 0));
}

// A member may be called like an option.
TEST(ReplyShapeTest, WhereAnOptionWordMayBeAValueBothFormsArePossible) {
  EXPECT_TRUE(resp2({"ZADD", "z", "1", "INCR"}).admits(kInteger, 0));
  EXPECT_TRUE(resp2({"SORT", "k", "BY", "store"}).admits(kArray, 2));
}

TEST(ReplyShapeTest, APushIsNeverAReply) {
  for (const CommandSpec& spec : all_commands()) {
    if (spec.dispatch != Dispatch::kForward || spec.reply.usual.resp3 == kAnyReply) continue;
    EXPECT_EQ(spec.reply.usual.resp3 & reply_bit(kPush), 0u) << spec.name;
    EXPECT_EQ(spec.reply.usual.resp2 & reply_bit(kPush), 0u) << spec.name;
  }
}

TEST(ReplyShapeTest, EveryForwardedCommandOfRedis70HasAShape) {
  for (const CommandSpec& spec : all_commands()) {
    if (spec.dispatch != Dispatch::kForward || !spec.in_redis_7_0) continue;
    EXPECT_NE(spec.reply.usual.resp3, kAnyReply) << spec.name;
  }
}

}  // namespace
}  // namespace respgate::protocol
