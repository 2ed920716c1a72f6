// Plays the session to a CommandParser: holds the bytes, drops what may be dropped,
// and writes down everything the parser said.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/command_parser.h"
#include "tests/protocol/cuts.h"

namespace respgate::protocol {

using Words = std::vector<std::string>;

inline Words words_of(Args args) { return {args.begin(), args.end()}; }

class CommandFeed {
 public:
  explicit CommandFeed(const Limits& limits = kLimitsAfterAuth, bool before_auth = false) : parser_(limits, before_auth) {}

  // Drains every command whose head `refuses` says yes to.
  void refuse(std::function<bool(const Command&)> refuses) { refuses_ = std::move(refuses); }

  // Lets every large command pass through; otherwise they are kept.
  void stream_large() { streams_ = true; }

  // Each call gives the parser its bytes at a new address and the old ones are gone,
  // so that a sanitizer sees whoever looks back.
  void feed(std::string_view piece) {
    std::vector<char> moved;
    moved.reserve(buffer_.size() + piece.size());
    moved.insert(moved.end(), buffer_.begin(), buffer_.end());
    moved.insert(moved.end(), piece.begin(), piece.end());
    buffer_ = std::move(moved);
    most_held_ = std::max(most_held_, buffer_.size());
    while (step()) drop();
    drop();
  }

  void feed_all(const std::vector<std::string_view>& pieces) {
    for (const std::string_view piece : pieces) feed(piece);
  }

  CommandParser& parser() { return parser_; }
  std::size_t held() const { return buffer_.size(); }
  std::size_t most_held() const { return most_held_; }

  // What was seen, in order.
  std::vector<Words> commands;
  std::vector<Words> heads;
  std::vector<std::string> wires;
  std::vector<std::size_t> counts;
  std::vector<bool> drained;
  std::vector<Words> large;  // arguments that were here when a large one began
  std::string passed;        // of commands that pass through
  bool failed = false;

 private:
  std::string_view bytes() const { return {buffer_.data(), buffer_.size()}; }

  bool step() {
    switch (parser_.parse(bytes())) {
      case CommandParser::Status::kNeedMore: return false;
      case CommandParser::Status::kName: return take_head();
      case CommandParser::Status::kLarge: return take_large();
      case CommandParser::Status::kComplete: return take_command();
      case CommandParser::Status::kError: failed = true; return false;
    }
    return false;
  }

  bool take_head() {
    heads.push_back(words_of(parser_.command().args));
    if (refuses_ && refuses_(parser_.command())) parser_.drain();
    return true;
  }

  bool take_large() {
    const Command& command = parser_.command();
    EXPECT_EQ(command.args.size(), command.argument_count);
    EXPECT_EQ(parser_.parse(bytes()), CommandParser::Status::kLarge) << "until it is told what to do";
    large.push_back(words_of(command.args.first(command.here)));
    if (!streams_) return parser_.keep(), true;
    EXPECT_TRUE(command.wire.ends_with("\r\n$" + std::to_string(command.large_bytes) + "\r\n"));
    const std::size_t before = passed.size();
    const std::string head(command.wire);
    parser_.stream();
    EXPECT_EQ(bytes().substr(0, parser_.consumable()), head);
    drop();
    EXPECT_EQ(passed.substr(before), head);
    return true;
  }

  bool take_command() {
    const Command& command = parser_.command();
    commands.push_back(words_of(command.args));
    wires.emplace_back(command.wire);
    counts.push_back(command.argument_count);
    drained.push_back(command.drained);
    drop();
    parser_.restart();
    return true;
  }

  void drop() {
    const std::size_t consumable = parser_.consumable();
    ASSERT_LE(consumable, buffer_.size());
    if (parser_.is_streaming()) passed += bytes().substr(0, consumable);
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(consumable));
    parser_.consumed(consumable);
  }

  CommandParser parser_;
  std::function<bool(const Command&)> refuses_;
  bool streams_ = false;
  std::vector<char> buffer_;
  std::size_t most_held_ = 0;
};

// `wire` is these commands and nothing else, however it is cut.
inline void expect_commands(std::string_view wire, const std::vector<Words>& commands, const Limits& limits = kLimitsAfterAuth,
                            bool before_auth = false) {
  for_each_cut(wire, [&](const std::vector<std::string_view>& pieces) {
    CommandFeed feed(limits, before_auth);
    feed.feed_all(pieces);
    EXPECT_FALSE(feed.failed) << feed.parser().error_text();
    EXPECT_EQ(feed.commands, commands);
    EXPECT_TRUE(feed.parser().idle());
    EXPECT_EQ(feed.held(), 0u);
  });
}

// `wire` is refused for `error`, in these words, however it is cut, after `before`.
inline void expect_refused(std::string_view wire, ParseError error, std::string_view text, const Limits& limits = kLimitsAfterAuth,
                           bool before_auth = false, const std::vector<Words>& before = {}) {
  for_each_cut(wire, [&](const std::vector<std::string_view>& pieces) {
    CommandFeed feed(limits, before_auth);
    feed.feed_all(pieces);
    EXPECT_TRUE(feed.failed);
    EXPECT_EQ(feed.parser().error(), error);
    EXPECT_EQ(feed.parser().error_text(), text);
    EXPECT_EQ(feed.commands, before);
  });
}

inline void expect_refused_before_auth(std::string_view wire, ParseError error, std::string_view text) {
  expect_refused(wire, error, text, kLimitsBeforeAuth, true);
}

// `wire` is the beginning of something; nothing has been said about it yet.
inline void expect_unfinished(std::string_view wire, const Limits& limits = kLimitsAfterAuth, bool before_auth = false) {
  for_each_cut(wire, [&](const std::vector<std::string_view>& pieces) {
    CommandFeed feed(limits, before_auth);
    feed.feed_all(pieces);
    EXPECT_FALSE(feed.failed) << feed.parser().error_text();
    EXPECT_TRUE(feed.commands.empty());
    EXPECT_FALSE(feed.parser().idle());
  });
}

// Canonical RESP.
inline std::string encoded(const Words& words) {
  const std::vector<std::string_view> args(words.begin(), words.end());
  std::string wire;
  append_command(wire, args);
  return wire;
}

}  // namespace respgate::protocol
