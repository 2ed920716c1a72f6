#include "protocol/command_parser.h"

#include <string>

#include "tests/protocol/command_feed.h"

namespace respgate::protocol {
namespace {

using namespace std::string_literals;
using Status = CommandParser::Status;

constexpr std::string_view kSetWire = "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n";

TEST(CommandParserTest, FindsTheArgumentsOfACommand) { expect_commands(kSetWire, {{"SET", "key", "value"}}); }

TEST(CommandParserTest, FindsCommandsOneBehindTheOther) {
  expect_commands(encoded({"GET", "a"}) + encoded({"GET", ""}) + encoded({"PING"}), {{"GET", "a"}, {"GET", ""}, {"PING"}});
}

TEST(CommandParserTest, TheWireOfACommandIsItsVeryBytes) {
  for_each_cut("\r\n" + encoded({"GET", "a"}) + "*0\r\n" + encoded({"PING"}), [](const auto& pieces) {
    CommandFeed feed;
    feed.feed_all(pieces);
    EXPECT_EQ(feed.wires, (Words{encoded({"GET", "a"}), encoded({"PING"})}));
    EXPECT_EQ(feed.counts, (std::vector<std::size_t>{2, 1}));
  });
}

TEST(CommandParserTest, AnInlineCommandHasNoWire) {
  for_each_cut("GET a\r\n", [](const auto& pieces) {
    CommandFeed feed;
    feed.feed_all(pieces);
    EXPECT_EQ(feed.wires, Words{""});
    EXPECT_EQ(feed.counts, std::vector<std::size_t>{2});
    EXPECT_TRUE(feed.heads.empty());
  });
}

TEST(CommandParserTest, TheSameCommandIsGivenUntilRestart) {
  CommandParser parser(kLimitsAfterAuth);
  const std::string first(kSetWire);
  const std::string moved = first + "PING\r\n";
  ASSERT_EQ(parser.parse(first), Status::kComplete);
  ASSERT_EQ(parser.parse(moved), Status::kComplete);
  EXPECT_EQ(words_of(parser.command().args), (Words{"SET", "key", "value"}));
  EXPECT_EQ(parser.command().wire.data(), moved.data());
  EXPECT_EQ(parser.command().wire, kSetWire);
}

TEST(CommandParserTest, ABufferOfManyCommandsNeedNotBeDroppedBetweenThem) {
  CommandParser parser(kLimitsAfterAuth);
  const std::string input = std::string(kSetWire) + "ECHO x\r\n" + encoded({"PING"});
  ASSERT_EQ(parser.parse(input), Status::kComplete);
  parser.restart();
  ASSERT_EQ(parser.parse(input), Status::kComplete);
  EXPECT_EQ(words_of(parser.command().args), (Words{"ECHO", "x"}));
  parser.restart();
  ASSERT_EQ(parser.parse(input), Status::kComplete);
  EXPECT_EQ(parser.command().wire, encoded({"PING"}));
  parser.restart();
  EXPECT_EQ(parser.parse(input), Status::kNeedMore);
  EXPECT_EQ(parser.consumable(), input.size());
}

TEST(CommandParserTest, AnErrorStays) {
  CommandParser parser(kLimitsAfterAuth);
  ASSERT_EQ(parser.parse("*x"), Status::kError);
  EXPECT_EQ(parser.parse(kSetWire), Status::kError);
  EXPECT_EQ(parser.error(), ParseError::kInvalidMultibulkLength);
  EXPECT_EQ(parser.consumable(), 0u);
}

TEST(CommandParserTest, IsIdleOnlyBetweenCommands) {
  CommandParser parser(kLimitsAfterAuth);
  EXPECT_TRUE(parser.idle());
  ASSERT_EQ(parser.parse("*"), Status::kNeedMore);
  EXPECT_FALSE(parser.idle());
  ASSERT_EQ(parser.parse("*0\r\n"), Status::kNeedMore);
  EXPECT_TRUE(parser.idle());
  ASSERT_EQ(parser.parse("*0\r\n\r"), Status::kNeedMore);
  EXPECT_FALSE(parser.idle());
  ASSERT_EQ(parser.parse("*0\r\n\r\n"), Status::kNeedMore);
  EXPECT_TRUE(parser.idle());
}

TEST(CommandParserTest, WhatWasSkippedInFrontOfACommandMayBeDropped) {
  CommandParser parser(kLimitsAfterAuth);
  const std::string skipped = "\r\n*0\r\n*-1\r\n \n";
  const std::string begun = "*2\r\n$3\r\nGE";
  ASSERT_EQ(parser.parse(skipped + begun), Status::kNeedMore);
  EXPECT_EQ(parser.consumable(), skipped.size());
  parser.consumed(skipped.size());
  EXPECT_EQ(parser.consumable(), 0u);
  const std::string whole = begun + "T\r\n$1\r\nk\r\n";
  ASSERT_EQ(parser.parse(whole), Status::kComplete);
  EXPECT_EQ(words_of(parser.command().args), (Words{"GET", "k"}));
}

TEST(CommandParserTest, NothingOfACommandInProgressMayBeDropped) {
  CommandFeed feed;
  for (std::size_t i = 1; i < kSetWire.size(); ++i) {
    feed.feed(kSetWire.substr(i - 1, 1));
    EXPECT_EQ(feed.held(), i);
  }
}

TEST(CommandParserTest, SaysHowManyBytesOfABulkAreMissing) {
  CommandParser parser(kLimitsAfterAuth);
  EXPECT_EQ(parser.missing(), 0u);
  ASSERT_EQ(parser.parse("*2\r\n$4\r\nEC"), Status::kNeedMore);
  EXPECT_EQ(parser.missing(), 4u);
  ASSERT_EQ(parser.parse("*2\r\n$4\r\nECHO\r"), Status::kNeedMore);
  EXPECT_EQ(parser.missing(), 1u);
  ASSERT_EQ(parser.parse("*2\r\n$4\r\nECHO\r\n$1000"), Status::kNeedMore);
  EXPECT_EQ(parser.missing(), 0u);
  ASSERT_EQ(parser.parse("*2\r\n$4\r\nECHO\r\n$1000\r\n"), Status::kNeedMore);
  EXPECT_EQ(parser.missing(), 1002u);
}

TEST(CommandParserTest, AllArgumentsTogetherObeyTheRequestLimit) {
  const Limits limits{10, 100, 100, 8};
  expect_commands(encoded({"ECHO", "1234"}), {{"ECHO", "1234"}}, limits);
  expect_refused("*2\r\n$4\r\nECHO\r\n$5\r\n", ParseError::kRequestTooBig, "Protocol error: too big request", limits);
}

TEST(CommandParserTest, NewLimitsHoldFromTheNextCommandOn) {
  CommandParser parser(kLimitsBeforeAuth, true);
  ASSERT_EQ(parser.parse("*1\r\n$4"), Status::kNeedMore);
  parser.set_limits({1, 4, 100, 100}, false);
  const std::string ping = encoded({"PINGPONG"});
  const std::string first = "*1\r\n$4\r\nPING\r\n";
  ASSERT_EQ(parser.parse(first + ping), Status::kComplete);
  parser.consumed(parser.consumable());
  parser.restart();
  ASSERT_EQ(parser.parse(ping), Status::kError);
  EXPECT_EQ(parser.error(), ParseError::kInvalidBulkLength);
}

TEST(CommandParserTest, LoginLiftsTheLimits) {
  CommandFeed feed(kLimitsBeforeAuth, true);
  feed.feed(encoded({"AUTH", "x"}));
  feed.parser().set_limits(kLimitsAfterAuth, false);
  feed.feed("*11\r\n");
  EXPECT_FALSE(feed.failed);
}

// ---- the head of a command

TEST(CommandParserTest, TheHeadIsGivenOnceWhenMoreIsMissing) {
  for (std::size_t cut = 1; cut < kSetWire.size(); ++cut) {
    CommandFeed feed;
    feed.feed(kSetWire.substr(0, cut));
    feed.feed(kSetWire.substr(cut));
    const bool head_was_whole = cut >= "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n"s.size();
    EXPECT_EQ(feed.heads, head_was_whole ? (std::vector<Words>{{"SET", "key"}}) : std::vector<Words>{}) << cut;
    EXPECT_EQ(feed.commands, (std::vector<Words>{{"SET", "key", "value"}}));
  }
}

TEST(CommandParserTest, TheHeadComesOnceWhenBytesComeOneByOne) {
  CommandFeed feed;
  for (const char& c : kSetWire) feed.feed({&c, 1});
  EXPECT_EQ(feed.heads, (std::vector<Words>{{"SET", "key"}}));
}

TEST(CommandParserTest, ACommandThatIsWholeGivesNoHead) {
  CommandFeed feed;
  feed.feed(kSetWire);
  feed.feed(encoded({"GET", "k"}));
  EXPECT_TRUE(feed.heads.empty());
}

TEST(CommandParserTest, TheHeadSaysHowManyArgumentsWereAnnounced) {
  CommandParser parser(kLimitsAfterAuth);
  ASSERT_EQ(parser.parse("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n"), Status::kName);
  EXPECT_EQ(parser.command().argument_count, 3u);
  EXPECT_TRUE(parser.command().wire.empty());
  EXPECT_EQ(parser.parse("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n"), Status::kNeedMore);
}

TEST(CommandParserTest, ALargeSecondWordIsNotWaitedFor) {
  const std::string name = "*3\r\n$3\r\nSET\r\n";
  CommandFeed patient;
  patient.feed(name + "$1024\r\n" + std::string(1024, 'k'));
  EXPECT_TRUE(patient.heads.empty());
  patient.feed("\r\n");
  EXPECT_EQ(patient.heads, (std::vector<Words>{{"SET", std::string(1024, 'k')}}));

  CommandFeed hasty;
  hasty.feed(name + "$1025\r\n");
  EXPECT_EQ(hasty.heads, (std::vector<Words>{{"SET"}}));
}

TEST(CommandParserTest, ANameTooLongToBeOneIsGivenCut) {
  CommandFeed feed;
  feed.refuse([](const Command&) { return true; });
  feed.feed("*1\r\n$5000\r\n" + std::string(1023, 'n'));
  EXPECT_TRUE(feed.heads.empty());
  feed.feed("n");
  EXPECT_EQ(feed.heads, (std::vector<Words>{{std::string(1024, 'n')}}));
  feed.feed(std::string(3976, 'n') + "\r\n");
  EXPECT_EQ(feed.commands, (std::vector<Words>{{std::string(128, 'n')}}));
}

TEST(CommandParserTest, ALongHttpNameIsStillHttp) {
  const std::string wire = "*1\r\n$5000\r\nPOST\0"s + std::string(4995, 'x') + "\r\n";
  for (const std::size_t cut : {std::size_t{500}, std::size_t{3000}, wire.size()}) {
    CommandFeed feed;
    feed.feed(wire.substr(0, cut));
    feed.feed(wire.substr(cut));
    EXPECT_EQ(feed.parser().error(), ParseError::kHttp) << cut;
  }
}

TEST(CommandParserTest, AppendCommandWritesCanonicalResp) {
  EXPECT_EQ(encoded({"SET", "key", "value"}), kSetWire);
  EXPECT_EQ(encoded({""}), "*1\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace respgate::protocol
