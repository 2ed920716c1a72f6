// Commands with an argument that is too large to be kept: they pass through as they come, and are judged as strictly.
#include <string>

#include "tests/protocol/command_feed.h"

namespace respgate::protocol {
namespace {

using Status = CommandParser::Status;

constexpr std::size_t kLarge = CommandParser::kLargeBytes;

// Bytes that look like RESP.
std::string value(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "\r\n*1\r\n$4\r\nPING\r\n";
  text.resize(size);
  return text;
}

// Where something may go wrong: around the beginning, the large argument's ends, the end.
std::vector<std::size_t> cuts_of(const std::string& wire, std::size_t argument, std::size_t size) {
  std::vector<std::size_t> cuts{argument + size / 2};
  for (std::size_t i = 1; i < argument + 4; ++i) cuts.push_back(i);
  for (std::size_t i = argument + size - 3; i < wire.size(); ++i) cuts.push_back(i);
  return cuts;
}

TEST(CommandStreamTest, PassesThroughHoweverItIsCut) {
  const std::string large = value(kLarge + 7);
  const std::string set = encoded({"SET", "key", large, "EX", "10"});
  const std::string wire = set + encoded({"PING"});
  for (const std::size_t cut : cuts_of(set, set.find(large), large.size())) {
    SCOPED_TRACE(cut);
    CommandFeed feed;
    feed.stream_large();
    feed.feed(wire.substr(0, cut));
    feed.feed(wire.substr(cut));
    if (cut < set.find(large)) {  // then all of it came at once, and could be given whole
      ASSERT_EQ(feed.commands.size(), 2u);
      continue;
    }
    if (cut < set.size()) {
      EXPECT_EQ(feed.large.empty(), cut >= set.find(large) + large.size() + 2) << "nothing large was missing";
    }
    if (feed.large.empty()) continue;
    EXPECT_EQ(feed.large, (std::vector<Words>{{"SET", "key"}}));
    EXPECT_EQ(feed.passed, set);
    EXPECT_EQ(feed.commands, (std::vector<Words>{{}, {"PING"}}));
    EXPECT_EQ(feed.held(), 0u);
    EXPECT_TRUE(feed.parser().idle());
  }
}

TEST(CommandStreamTest, HoldsHardlyAnythingOfIt) {
  CommandFeed feed;
  feed.stream_large();
  const std::string wire = encoded({"RPUSH", "key", value(2 * kLarge), "small", value(kLarge), ""}) + encoded({"PING"});
  for (std::size_t at = 0; at < wire.size(); at += 10'000) feed.feed(std::string_view(wire).substr(at, 10'000));
  EXPECT_EQ(feed.passed + encoded({"PING"}), wire);
  EXPECT_LE(feed.most_held(), 10'050u);
  EXPECT_EQ(feed.large.size(), 1u);
  EXPECT_EQ(feed.commands.back(), Words{"PING"});
}

TEST(CommandStreamTest, ComesByTheByteAtItsEnds) {
  CommandFeed feed;
  feed.stream_large();
  const std::string large = value(kLarge);
  const std::string wire = encoded({"SET", "key", large, "EX", "10"}) + encoded({"SET", "k", large});
  const std::size_t first = wire.find(large), second = wire.rfind(large);
  const auto by_byte = [&](std::size_t from, std::size_t to) {
    for (; from < to; ++from) feed.feed({&wire[from], 1});
  };
  by_byte(0, first + 10);
  feed.feed(std::string_view(wire).substr(first + 10, kLarge - 20));
  by_byte(first + kLarge - 10, second + 10);
  feed.feed(std::string_view(wire).substr(second + 10, kLarge - 20));
  by_byte(second + kLarge - 10, wire.size());
  EXPECT_EQ(feed.passed, wire);
  EXPECT_EQ(feed.large.size(), 2u);
  EXPECT_TRUE(feed.parser().idle());
}

TEST(CommandStreamTest, WhatIsWrongBehindItIsFound) {
  const std::string large = value(kLarge);
  const std::string begun = "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(kLarge) + "\r\n" + large;
  for (const auto& [rest, error] : {std::pair<std::string_view, ParseError>{"xx$2\r\nNX\r\n", ParseError::kMissingCrlf},
                                    {"\n\r", ParseError::kMissingCrlf},
                                    {"\r\n:2\r\n", ParseError::kExpectedBulk},
                                    {"\r\n$02\r\n", ParseError::kInvalidBulkLength},
                                    {"\r\n$-1\r\n", ParseError::kInvalidBulkLength},
                                    {"\r\n$536870913\r\n", ParseError::kInvalidBulkLength},
                                    {"\r\n$2\r\nNXx\r", ParseError::kMissingCrlf}}) {
    for (std::size_t cut = 1; cut <= rest.size(); ++cut) {
      CommandFeed feed;
      feed.stream_large();
      feed.feed(begun.substr(0, 500'000));
      feed.feed(begun.substr(500'000));
      feed.feed(rest.substr(0, cut));
      if (!feed.failed) feed.feed(rest.substr(cut));
      EXPECT_TRUE(feed.failed) << rest;
      EXPECT_EQ(feed.parser().error(), error) << rest;
      EXPECT_TRUE((begun + std::string(rest)).starts_with(feed.passed));
    }
  }
}

TEST(CommandStreamTest, MayBeKept) {
  const std::string large = value(kLarge);
  const std::string wire = encoded({"MSET", "a", large, "b", large});
  CommandFeed feed;
  feed.feed(wire.substr(0, 1000));
  feed.feed(wire.substr(1000, kLarge + 500));
  feed.feed(wire.substr(kLarge + 1500));
  EXPECT_EQ(feed.large, (std::vector<Words>{{"MSET", "a"}})) << "asked once";
  EXPECT_EQ(feed.commands, (std::vector<Words>{{"MSET", "a", large, "b", large}}));
  EXPECT_EQ(feed.wires, Words{wire});
}

TEST(CommandStreamTest, SomeAreNoLargeCommands) {
  const std::string header = "$" + std::to_string(kLarge) + "\r\n";
  for (const std::string& begun : {
           "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(kLarge - 1) + "\r\nx",  // small
           "*2\r\n$3\r\nGET\r\n" + header + "x",                                      // what it names is what is large
           "*33\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n" + header + "x",                        // too many
           encoded({"HSET", "key", std::string(CommandParser::kLargeHeadBytes, 'f')}).replace(1, 1, "4") + header,  // much before it
           std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048576\r"),                                                 // not known to be
       }) {
    CommandFeed feed;
    feed.stream_large();
    feed.feed(begun);
    EXPECT_TRUE(feed.large.empty()) << begun.substr(0, 30);
    EXPECT_FALSE(feed.failed);
  }
  CommandFeed refused;
  refused.stream_large();
  refused.refuse([](const Command&) { return true; });
  refused.feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + header + "x");
  EXPECT_TRUE(refused.large.empty()) << "refused by its name";
}

}  // namespace
}  // namespace respgate::protocol
