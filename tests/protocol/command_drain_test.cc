// Commands that will be refused: their arguments are checked and forgotten.
#include <string>

#include "tests/protocol/command_feed.h"

namespace respgate::protocol {
namespace {

using Status = CommandParser::Status;

CommandFeed draining_feed() {
  CommandFeed feed;
  feed.refuse([](const Command& command) { return command.args[0] == "SET"; });
  return feed;
}

TEST(CommandDrainTest, ADrainedCommandKeepsOnlyTheBeginningsOfItsArguments) {
  CommandFeed feed = draining_feed();
  const std::string wire = encoded({"SET", std::string(200, 'k'), std::string(5000, 'v'), "EX", "10"});
  feed.feed(wire.substr(0, 1000));
  EXPECT_LE(feed.held(), 2u);
  feed.feed(wire.substr(1000) + encoded({"PING"}));
  EXPECT_EQ(feed.commands, (std::vector<Words>{{"SET", std::string(128, 'k'), std::string(128, 'v'), "EX", "10"}, {"PING"}}));
  EXPECT_EQ(feed.counts, (std::vector<std::size_t>{5, 1}));
  EXPECT_EQ(feed.drained, (std::vector<bool>{true, false}));
  EXPECT_EQ(feed.wires, (Words{"", encoded({"PING"})}));
}

TEST(CommandDrainTest, ADrainedCommandIsTheSameHoweverItIsCut) {
  const std::string wire = encoded({"SET", "key", "value", "", "EX", "10"}) + encoded({"GET", "key"});
  for_each_cut(wire, [](const auto& pieces) {
    CommandFeed feed = draining_feed();
    feed.feed_all(pieces);
    EXPECT_EQ(feed.commands, (std::vector<Words>{{"SET", "key", "value", "", "EX", "10"}, {"GET", "key"}}));
    EXPECT_EQ(feed.counts, (std::vector<std::size_t>{6, 2}));
    EXPECT_EQ(feed.held(), 0u);
  });
}

TEST(CommandDrainTest, OfADrainedCommandOnlyTheFirstArgumentsAreKept) {
  Words words(100, "x");
  words[0] = "SET";
  const std::string wire = encoded(words);
  for (const std::size_t cut : {std::size_t{30}, wire.size() - 20}) {
    CommandFeed feed = draining_feed();
    feed.feed(wire.substr(0, cut));
    feed.feed(wire.substr(cut));
    ASSERT_EQ(feed.commands.size(), 1u);
    EXPECT_EQ(feed.commands[0], Words(words.begin(), words.begin() + 32)) << cut;
    EXPECT_EQ(feed.counts[0], 100u);
    EXPECT_TRUE(feed.drained[0]);
  }
}

TEST(CommandDrainTest, DrainingMayBeginLate) {
  CommandParser parser(kLimitsAfterAuth);
  std::string input = "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n";
  ASSERT_EQ(parser.parse(input), Status::kName);
  input += "$3\r\nabc\r\n$10\r\n01234";
  ASSERT_EQ(parser.parse(input), Status::kNeedMore);
  EXPECT_EQ(parser.consumable(), 0u);
  parser.drain();
  EXPECT_EQ(parser.consumable(), 0u);
  ASSERT_EQ(parser.parse(input), Status::kNeedMore);
  EXPECT_EQ(parser.consumable(), input.size());
  EXPECT_EQ(parser.missing(), 7u);
  parser.consumed(input.size());
  ASSERT_EQ(parser.parse("56789\r\n"), Status::kComplete);
  EXPECT_EQ(words_of(parser.command().args), (Words{"SET", "k", "abc", "0123456789"}));
  EXPECT_EQ(parser.consumable(), 7u);
}

TEST(CommandDrainTest, ADrainedCommandIsStillCheckedByteForByte) {
  const std::string head = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n";
  const auto refused = [&](std::string_view tail, ParseError error) {
    CommandFeed feed = draining_feed();
    feed.feed(head);
    for (const char& c : tail) feed.feed({&c, 1});
    EXPECT_EQ(feed.parser().error(), error) << tail;
  };
  refused("$5\r\nvaluexx", ParseError::kMissingCrlf);
  refused("$05\r\n", ParseError::kInvalidBulkLength);
  refused(":5\r\n", ParseError::kExpectedBulk);
  refused("$536870913\r\n", ParseError::kInvalidBulkLength);
}

TEST(CommandDrainTest, ADrainedCommandOf512MiBNeedsNoMoreThanOneRead) {
  constexpr std::size_t kReadBytes = 16 * 1024;
  CommandFeed feed = draining_feed();
  feed.feed("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$536870912\r\n");
  const std::string read(kReadBytes, 'v');
  for (std::size_t sent = 0; sent < (512u << 20); sent += kReadBytes) feed.feed(read);
  EXPECT_TRUE(feed.commands.empty());
  feed.feed("\r\n");
  EXPECT_EQ(feed.commands, (std::vector<Words>{{"SET", "key", std::string(128, 'v')}}));
  EXPECT_LE(feed.most_held(), kReadBytes);
}

TEST(CommandDrainTest, ADrainedCommandOfAMillionArgumentsNeedsNoMoreThanOneRead) {
  constexpr std::size_t kArguments = 1024 * 1024;
  CommandFeed feed = draining_feed();
  feed.feed("*1048576\r\n$3\r\nSET\r\n$1\r\nk\r\n");
  for (std::size_t i = 2; i < kArguments; i += 2) feed.feed("$1\r\na\r\n$1\r\nb\r\n");
  ASSERT_EQ(feed.commands.size(), 1u);
  EXPECT_EQ(feed.commands[0].size(), CommandParser::kPreviewArgs);
  EXPECT_EQ(feed.counts[0], kArguments);
  EXPECT_LE(feed.most_held(), 64u);
}

}  // namespace
}  // namespace respgate::protocol
