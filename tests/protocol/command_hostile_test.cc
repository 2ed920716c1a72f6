// Random bytes, well-formed and not.
#include <random>
#include <string>

#include "tests/protocol/command_feed.h"
#include "tests/protocol/random_wire.h"

namespace respgate::protocol {
namespace {

struct Outcome {
  explicit Outcome(CommandFeed& feed)
      : commands(feed.commands), wires(feed.wires), error(feed.parser().error()), text(feed.parser().error_text()) {}
  bool operator==(const Outcome&) const = default;
  std::vector<Words> commands;
  Words wires;
  ParseError error;
  std::string text;
};

TEST(CommandHostileTest, AnyBytesAreTheSameCommandsHoweverTheyAreCut) {
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

TEST(CommandHostileTest, TheBytesUnderstoodAreTheCanonicalOnes) {
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

}  // namespace
}  // namespace respgate::protocol
