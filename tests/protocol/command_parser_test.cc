#include "protocol/command_parser.h"

#include <algorithm>
#include <random>
#include <string>

#include "tests/protocol/allocations.h"
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

// ---- drained commands

CommandFeed draining_feed() {
  CommandFeed feed;
  feed.refuse([](const Command& command) { return command.args[0] == "SET"; });
  return feed;
}

TEST(CommandParserTest, ADrainedCommandKeepsOnlyTheBeginningsOfItsArguments) {
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

TEST(CommandParserTest, ADrainedCommandIsTheSameHoweverItIsCut) {
  const std::string wire = encoded({"SET", "key", "value", "", "EX", "10"}) + encoded({"GET", "key"});
  for_each_cut(wire, [](const auto& pieces) {
    CommandFeed feed = draining_feed();
    feed.feed_all(pieces);
    EXPECT_EQ(feed.commands, (std::vector<Words>{{"SET", "key", "value", "", "EX", "10"}, {"GET", "key"}}));
    EXPECT_EQ(feed.counts, (std::vector<std::size_t>{6, 2}));
    EXPECT_EQ(feed.held(), 0u);
  });
}

TEST(CommandParserTest, OfADrainedCommandOnlyTheFirstArgumentsAreKept) {
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

TEST(CommandParserTest, DrainingMayBeginLate) {
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

TEST(CommandParserTest, ADrainedCommandIsStillCheckedByteForByte) {
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

TEST(CommandParserTest, ADrainedCommandOf512MiBNeedsNoMoreThanOneRead) {
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

TEST(CommandParserTest, ADrainedCommandOfAMillionArgumentsNeedsNoMoreThanOneRead) {
  constexpr std::size_t kArguments = 1024 * 1024;
  CommandFeed feed = draining_feed();
  feed.feed("*1048576\r\n$3\r\nSET\r\n$1\r\nk\r\n");
  for (std::size_t i = 2; i < kArguments; i += 2) feed.feed("$1\r\na\r\n$1\r\nb\r\n");
  ASSERT_EQ(feed.commands.size(), 1u);
  EXPECT_EQ(feed.commands[0].size(), CommandParser::kPreviewArgs);
  EXPECT_EQ(feed.counts[0], kArguments);
  EXPECT_LE(feed.most_held(), 64u);
}

// ---- work and memory

// Gives ever more of `wire` at the same place, so that only the parser's own work counts.
Status parse_byte_by_byte(CommandParser& parser, std::string_view wire) {
  Status status = Status::kNeedMore;
  for (std::size_t i = 1; i <= wire.size(); ++i) status = parser.parse(wire.substr(0, i));
  return status;
}

// A parser that looked at everything again would take hours over these.
TEST(CommandParserTest, ALargeBulkByteByByteIsLinearWork) {
  const std::string value(1 << 20, 'v');
  const std::string wire = encoded({"SET", "k", value});
  CommandParser parser(kLimitsAfterAuth);
  ASSERT_EQ(parse_byte_by_byte(parser, wire), Status::kComplete);
  EXPECT_EQ(parser.command().args[2], value);
}

TEST(CommandParserTest, ALongInlineLineByteByByteIsLinearWork) {
  CommandParser parser({10, 32u << 20, 32u << 20, 32u << 20});
  const std::string wire = "ECHO " + std::string(8 << 20, 'x') + "\r\n";
  ASSERT_EQ(parse_byte_by_byte(parser, wire), Status::kComplete);
  EXPECT_EQ(parser.command().args[1].size(), 8u << 20);
}

TEST(CommandParserTest, AMillionArgumentsByteByByteAreLinearWork) {
  CommandParser parser(kLimitsAfterAuth);
  std::string wire = "*1048576\r\n";
  for (std::size_t i = 0; i < 1024 * 1024; ++i) wire += "$1\r\nx\r\n";
  ASSERT_EQ(parse_byte_by_byte(parser, wire), Status::kComplete);
  EXPECT_EQ(parser.command().args.size(), 1024u * 1024);
  EXPECT_EQ(parser.command().wire, wire);
}

TEST(CommandParserTest, AMillionBlankLinesAreLinearWork) {
  CommandParser parser(kLimitsAfterAuth);
  std::string wire;
  for (std::size_t i = 0; i < 1024 * 1024; ++i) wire += i % 2 == 0 ? "\r\n" : "*0\r\n";
  ASSERT_EQ(parser.parse(wire), Status::kNeedMore);
  EXPECT_EQ(parser.consumable(), wire.size());
  EXPECT_TRUE(parser.idle());
}

TEST(CommandParserTest, NothingIsAllocatedOnAPromise) {
  CommandParser parser(kLimitsAfterAuth);
  const std::size_t before = allocated_bytes();
  ASSERT_EQ(parser.parse("*1048576\r\n$536870912\r\n"), Status::kNeedMore);
  EXPECT_LE(allocated_bytes() - before, 1024u);
}

TEST(CommandParserTest, ParsingAllocatesNothingOnceItHasStarted) {
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

TEST(CommandParserTest, MemoryOfALargeCommandIsGivenBack) {
  CommandParser parser(kLimitsAfterAuth);
  const std::string wire = encoded(Words(10000, "x"));
  const std::size_t before = live_bytes();
  ASSERT_EQ(parser.parse(wire), Status::kComplete);
  parser.consumed(wire.size());
  parser.restart();
  EXPECT_EQ(live_bytes(), before);
}

// ---- hostile bytes

// What a client might send, and what a fuzzer would make of it.
std::string random_wire(std::mt19937& random) {
  std::string wire;
  const auto pick = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (std::size_t commands = pick(4) + 1; commands > 0; --commands) {
    Words words{pick(3) == 0 ? "SET" : "GET"};
    for (std::size_t args = pick(4); args > 0; --args) words.push_back(std::string(pick(12), "a\r\n$*0 \"'"[pick(9)]));
    wire += pick(4) == 0 ? "SET \"a b\" '" + std::string(pick(3), 'c') + "'\r\n" : encoded(words);
  }
  for (std::size_t changes = pick(3); changes > 0; --changes) {
    const std::size_t at = pick(wire.size());
    switch (pick(3)) {
      case 0: wire[at] = "\0\r\n$*-+01 \"'x"s[pick(13)]; break;
      case 1: wire.erase(at, 1 + pick(3)); break;
      default: wire.insert(at, 1, "\0\r\n$*-+01 \"'x"s[pick(13)]); break;
    }
    if (wire.empty()) wire = "\n";
  }
  return wire;
}

struct Outcome {
  explicit Outcome(CommandFeed& feed)
      : commands(feed.commands), wires(feed.wires), error(feed.parser().error()), text(feed.parser().error_text()) {}
  bool operator==(const Outcome&) const = default;
  std::vector<Words> commands;
  Words wires;
  ParseError error;
  std::string text;
};

TEST(CommandParserTest, AnyBytesAreTheSameCommandsHoweverTheyAreCut) {
  std::mt19937 random(20240607);
  std::size_t refused = 0;
  std::size_t found = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string wire = random_wire(random);
    CommandFeed whole;
    whole.feed(wire);
    refused += whole.failed ? 1 : 0;
    found += whole.commands.size();
    for_each_cut(wire, [&](const auto& pieces) {
      CommandFeed feed;
      if (round % 2 == 0) feed.refuse([](const Command&) { return false; });
      feed.feed_all(pieces);
      ASSERT_TRUE(Outcome(feed) == Outcome(whole)) << ::testing::PrintToString(wire);
    });
  }
  EXPECT_GT(refused, 300u);
  EXPECT_GT(found, 3000u);
}

TEST(CommandParserTest, TheBytesUnderstoodAreTheCanonicalOnes) {
  std::mt19937 random(7);
  std::size_t compared = 0;
  for (int round = 0; round < 20000; ++round) {
    CommandFeed feed;
    feed.feed(random_wire(random));
    for (std::size_t i = 0; i < feed.commands.size(); ++i) {
      if (feed.wires[i].empty()) continue;
      ASSERT_EQ(feed.wires[i], encoded(feed.commands[i]));
      ++compared;
    }
  }
  EXPECT_GT(compared, 10000u);
}

TEST(CommandParserTest, AppendCommandWritesCanonicalResp) {
  EXPECT_EQ(encoded({"SET", "key", "value"}), kSetWire);
  EXPECT_EQ(encoded({""}), "*1\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace respgate::protocol
