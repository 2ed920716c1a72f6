// What a command costs: work in proportion to its new bytes, no memory on a promise,
// none per command once there is some.
#include <string>

#include "tests/protocol/allocations.h"
#include "tests/protocol/command_feed.h"

namespace respgate::protocol {
namespace {

using Status = CommandParser::Status;

// Gives ever more of `wire` at the same place, so that only the parser's own work counts.
Status parse_byte_by_byte(CommandParser& parser, std::string_view wire) {
  Status status = Status::kNeedMore;
  for (std::size_t i = 1; i <= wire.size(); ++i) status = parser.parse(wire.substr(0, i));
  return status;
}

// A parser that looked at everything again would take hours over these.
TEST(CommandWorkTest, ALargeBulkByteByByteIsLinearWork) {
  const std::string value(1 << 20, 'v');
  const std::string wire = encoded({"SET", "k", value});
  CommandParser parser(kLimitsAfterAuth);
  ASSERT_EQ(parse_byte_by_byte(parser, wire), Status::kComplete);
  EXPECT_EQ(parser.command().args[2], value);
}

TEST(CommandWorkTest, ALongInlineLineByteByByteIsLinearWork) {
  CommandParser parser({10, 32u << 20, 32u << 20, 32u << 20});
  const std::string wire = "ECHO " + std::string(8 << 20, 'x') + "\r\n";
  ASSERT_EQ(parse_byte_by_byte(parser, wire), Status::kComplete);
  EXPECT_EQ(parser.command().args[1].size(), 8u << 20);
}

TEST(CommandWorkTest, AMillionArgumentsByteByByteAreLinearWork) {
  CommandParser parser(kLimitsAfterAuth);
  std::string wire = "*1048576\r\n";
  for (std::size_t i = 0; i < 1024 * 1024; ++i) wire += "$1\r\nx\r\n";
  ASSERT_EQ(parse_byte_by_byte(parser, wire), Status::kComplete);
  EXPECT_EQ(parser.command().args.size(), 1024u * 1024);
  EXPECT_EQ(parser.command().wire, wire);
}

TEST(CommandWorkTest, AMillionBlankLinesAreLinearWork) {
  CommandParser parser(kLimitsAfterAuth);
  std::string wire;
  for (std::size_t i = 0; i < 1024 * 1024; ++i) wire += i % 2 == 0 ? "\r\n" : "*0\r\n";
  ASSERT_EQ(parser.parse(wire), Status::kNeedMore);
  EXPECT_EQ(parser.consumable(), wire.size());
  EXPECT_TRUE(parser.idle());
}

TEST(CommandWorkTest, NothingIsAllocatedOnAPromise) {
  CommandParser parser(kLimitsAfterAuth);
  const std::size_t before = allocated_bytes();
  ASSERT_EQ(parser.parse("*1048576\r\n$536870912\r\n"), Status::kNeedMore);
  EXPECT_LE(allocated_bytes() - before, 1024u);
}

TEST(CommandWorkTest, ParsingAllocatesNothingOnceItHasStarted) {
  CommandParser parser(kLimitsAfterAuth);
  const std::string wire = encoded({"MSET", "a", "1", "b", "2"}) + "SET k v\r\n";
  const auto parse_both = [&] {
    for (int i = 0; i < 2; ++i) {
      if (parser.parse(wire) != Status::kComplete) return false;
      parser.restart();
    }
    parser.consumed(wire.size());
    return true;
  };
  ASSERT_TRUE(parse_both());
  const std::size_t before = allocations();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(parse_both());
  EXPECT_EQ(allocations() - before, 0u);
}

TEST(CommandWorkTest, MemoryOfALargeCommandIsGivenBack) {
  CommandParser parser(kLimitsAfterAuth);
  const std::string wire = encoded(Words(10000, "x"));
  const std::size_t before = live_bytes();
  ASSERT_EQ(parser.parse(wire), Status::kComplete);
  parser.consumed(wire.size());
  parser.restart();
  EXPECT_EQ(live_bytes(), before);
}

}  // namespace
}  // namespace respgate::protocol
