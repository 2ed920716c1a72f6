// What is decided of a command before its large argument is here must be what would be decided of the whole.
#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/reply_writer.h"
#include "tests/proxy/gate_client.h"

namespace respgate::proxy {
namespace {

using Kind = Verdict::Kind;
using Refusal = Verdict::Refusal;

constexpr std::string_view kMixed =
    "user default off\n"
    "user mixed on nopass ~all:* %R~read:* %W~write:* &news +@all -@dangerous -append (~extra:* +append +set)\n";

constexpr std::size_t kBytes = 3'000'000;

// A command whose argument number `here` is large and has only begun.
class Head {
 public:
  Head(std::vector<std::string> words, std::size_t here)
      : words_(std::move(words)), views_(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(here)) {
    protocol::append_array(wire_, words_.size());
    for (const std::string_view word : views_) protocol::append_bulk(wire_, word);
    wire_ += "$" + std::to_string(kBytes) + "\r\n";
    views_.resize(words_.size());
    command_ = {views_, views_.size(), wire_, false, here, kBytes};
  }
  const protocol::Command& command() const { return command_; }
  const std::string& wire() const { return wire_; }

 private:
  std::vector<std::string> words_;
  std::vector<std::string_view> views_;
  std::string wire_;
  protocol::Command command_;
};

Client mixed() { return Client({.users = kMixed}, "mixed"); }

TEST(GateEarlyTest, ForwardsTheBeginningOnALaneOfItsOwn) {
  Client client({}, "app");
  const Head head({"set", "app:1", "?", "EX", "10"}, 2);
  ASSERT_TRUE(client.gate_.judges_early(head.command()));
  const Verdict verdict = client.gate_.admit_early(head.command(), {});
  EXPECT_EQ(verdict.kind, Kind::kForward);
  EXPECT_TRUE(verdict.pinned && verdict.unfinished);
  EXPECT_EQ(verdict.wire, head.wire());
  ASSERT_TRUE(verdict.expectation);
  EXPECT_TRUE(verdict.expectation->admits(protocol::RespType::kBulk, 5)) << "it may ask for what was there";
}

TEST(GateEarlyTest, SendsTheServersNameOfIt) {
  Client client({.renames = {{"SET", "PUT"}}}, "app");
  client.facts_.command_names = {{protocol::find_command(std::vector<std::string_view>{"set"}).spec->id, "s3t"}};
  const Head head({"put", "app:1", "?", "NX"}, 2);
  ASSERT_TRUE(client.gate_.judges_early(head.command()));
  const Verdict verdict = client.gate_.admit_early(head.command(), {});
  EXPECT_EQ(verdict.wire, "*4\r\n$3\r\ns3t\r\n$5\r\napp:1\r\n$3000000\r\n");
}

TEST(GateEarlyTest, RefusesWithoutWaitingForTheValue) {
  Client client({}, "app");
  const Head head({"APPEND", "secret", "?"}, 2);
  ASSERT_TRUE(client.gate_.judges_early(head.command()));
  const Verdict verdict = client.gate_.admit_early(head.command(), {});
  EXPECT_EQ(verdict.refusal, Refusal::kAcl);
  EXPECT_EQ(verdict.answer, client.hear({"APPEND", "secret", "value"}));
}

TEST(GateEarlyTest, AnOptionThatIsStillToComeCountsAsIfItWereThere) {
  Client client = mixed();
  const auto judges = [&](std::vector<std::string> words) { return client.gate_.judges_early(Head(std::move(words), 2).command()); };
  EXPECT_TRUE(judges({"SET", "all:1", "?", "?"}));
  EXPECT_TRUE(judges({"SET", "write:1", "?"}));
  EXPECT_FALSE(judges({"SET", "write:1", "?", "?"})) << "it may be GET";
  EXPECT_FALSE(judges({"SET", "none:1", "?", "?"})) << "told by what it is";
}

TEST(GateEarlyTest, LeavesTheRestToTheWholeCommand) {
  Client client({.rules = {{{"SETEX"}, {}, {}, acl::RuleAction::kRewrite, {"PING"}, {}}}}, "app");
  const auto judges = [&](std::vector<std::string> words, std::size_t here) {
    return client.gate_.judges_early(Head(std::move(words), here).command());
  };
  EXPECT_FALSE(judges({"MSET", "app:1", "?", "app:2", "x"}, 2));
  EXPECT_FALSE(judges({"SORT", "app:1", "?", "?"}, 2));
  EXPECT_FALSE(judges({"EVAL", "return 1", "?", "?"}, 2));
  EXPECT_FALSE(judges({"PUBLISH", "app:1", "?", "?"}, 2));
  EXPECT_FALSE(judges({"SETEX", "app:1", "10", "?"}, 3));
  EXPECT_FALSE(judges({"NOSUCH", "app:1", "?"}, 2));
  EXPECT_FALSE(judges({"SETNX", "app:1", "?", "?"}, 2)) << "one too many";
  EXPECT_FALSE(judges({"BLPOP", "app:1", "?", "1"}, 2));
  EXPECT_TRUE(judges({"PUBLISH", "app:1", "?"}, 2));
  client.say({"MULTI"});
  EXPECT_FALSE(judges({"SET", "app:1", "?"}, 2));
  Client nobody;
  EXPECT_FALSE(nobody.gate_.judges_early(Head({"SET", "app:1", "?"}, 2).command()));
}

TEST(GateEarlyTest, HasALaneOrIsToldThatThereIsNone) {
  Client client({}, "app");
  const Head head({"SET", "app:1", "?"}, 2);
  const Verdict verdict = client.gate_.admit_early(head.command(), {.no_lane = "ERR respgate: upstream busy"});
  EXPECT_EQ(verdict.refusal, Refusal::kNoRoom);
  EXPECT_EQ(verdict.answer, "-ERR respgate: upstream busy\r\n");
}

// Every command of the table, with whatever may still come behind the large argument.
TEST(GateEarlyTest, IsTheVerdictOnTheWhole) {
  const std::vector<std::string> keys{"all:1", "read:1", "write:1", "extra:1", "none:1", "news"};
  const std::vector<std::string> later{"GET", "STORE", "none:2", "BY", "KEYS", "STREAMS", "1", "2", "DB", "NX", "BLOCK", "all:2"};
  std::mt19937 random(20261128);
  const auto any = [&](const std::vector<std::string>& words) { return words[random() % words.size()]; };
  std::size_t allowed = 0, denied = 0;
  for (const protocol::CommandSpec& spec : protocol::all_commands()) {
    if (spec.is_container) continue;
    Client early = mixed(), whole = mixed();
    std::vector<std::string> name{std::string(spec.name)};
    if (const std::size_t bar = name[0].find('|'); bar != std::string::npos) name = {name[0].substr(0, bar), name[0].substr(bar + 1)};
    for (int i = 0; i < 60; ++i) {
      std::vector<std::string> words = name;
      while (words.size() < 2 + random() % 3) words.push_back(any(keys));
      const std::size_t here = words.size();
      words.emplace_back("(large)");
      for (std::size_t n = random() % 4; n > 0; --n) words.push_back(any(later));
      const Head head(words, here);
      if (!early.gate_.judges_early(head.command())) continue;
      const Verdict before = early.gate_.admit_early(head.command(), {});
      const Kind kind = before.kind;
      const std::string answer(before.answer);
      const Verdict& after = whole.say(words);
      ASSERT_EQ(kind, after.kind) << testing::PrintToString(words);
      if (kind == Kind::kForward) {
        ++allowed;
      } else {
        ASSERT_EQ(answer, after.answer) << testing::PrintToString(words);
        ++denied;
      }
    }
  }
  EXPECT_GT(allowed, 500u);
  EXPECT_GT(denied, 500u);
}

}  // namespace
}  // namespace respgate::proxy
