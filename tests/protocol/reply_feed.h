// Plays the lane to a ReplyScanner: holds the bytes and writes down what it said.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/reply_scanner.h"
#include "tests/protocol/cuts.h"

namespace respgate::protocol {

struct SeenReply {
  RespType type = RespType::kNull;
  std::int64_t length = 0;
  std::string wire;
  std::size_t payload = 0;
  std::string line;
  std::string code;
  bool operator==(const SeenReply&) const = default;
};

class ReplyFeed {
 public:
  explicit ReplyFeed(RespVersion version, const ReplyLimits& limits = {}) : scanner_(version, limits) {}

  // Each call gives the scanner its bytes at a new address and the old ones are gone,
  // so that a sanitizer sees whoever looks back.
  void feed(std::string_view piece) {
    std::vector<char> moved;
    moved.reserve(buffer_.size() + piece.size());
    moved.insert(moved.end(), buffer_.begin(), buffer_.end());
    moved.insert(moved.end(), piece.begin(), piece.end());
    buffer_ = std::move(moved);
    while (take_reply()) {
    }
  }

  void feed_all(const std::vector<std::string_view>& pieces) {
    for (const std::string_view piece : pieces) feed(piece);
  }

  ReplyScanner& scanner() { return scanner_; }
  std::size_t held() const { return buffer_.size(); }

  // What was seen, in order.
  std::vector<SeenReply> replies;
  bool failed = false;

 private:
  bool take_reply() {
    switch (scanner_.scan({buffer_.data(), buffer_.size()})) {
      case ReplyScanner::Status::kNeedMore: return false;
      case ReplyScanner::Status::kError: failed = true; return false;
      case ReplyScanner::Status::kComplete: break;
    }
    const ReplyFrame& frame = scanner_.frame();
    replies.push_back(
        {frame.type, frame.length, std::string(frame.wire), frame.payload, std::string(line_of(frame)), std::string(error_code(frame))});
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(frame.wire.size()));
    scanner_.restart();
    return !buffer_.empty();
  }

  ReplyScanner scanner_;
  std::vector<char> buffer_;
};

// `wire` is one reply of this type and length, however it is cut, alone and with
// another one behind it.
inline void expect_reply(RespVersion version, std::string_view wire, RespType type, std::int64_t length, std::size_t payload = 0) {
  for_each_cut(std::string(wire) + "+NEXT\r\n", [&](const std::vector<std::string_view>& pieces) {
    ReplyFeed feed(version);
    feed.feed_all(pieces);
    ASSERT_FALSE(feed.failed) << feed.scanner().error();
    ASSERT_EQ(feed.replies.size(), 2u);
    EXPECT_EQ(feed.replies[0].wire, wire);
    EXPECT_EQ(feed.replies[0].type, type);
    EXPECT_EQ(feed.replies[0].length, length);
    EXPECT_EQ(feed.replies[0].payload, payload);
    EXPECT_EQ(feed.replies[1].wire, "+NEXT\r\n");
  });
}

// `wire` is refused for `error`, however it is cut.
inline void expect_malformed(RespVersion version, std::string_view wire, std::string_view error, const ReplyLimits& limits = {}) {
  for_each_cut(wire, [&](const std::vector<std::string_view>& pieces) {
    ReplyFeed feed(version, limits);
    feed.feed_all(pieces);
    EXPECT_TRUE(feed.failed);
    EXPECT_EQ(feed.scanner().error(), error);
    EXPECT_TRUE(feed.replies.empty());
  });
}

// `wire` is the beginning of a reply.
inline void expect_unfinished_reply(RespVersion version, std::string_view wire, const ReplyLimits& limits = {}) {
  for_each_cut(wire, [&](const std::vector<std::string_view>& pieces) {
    ReplyFeed feed(version, limits);
    feed.feed_all(pieces);
    EXPECT_FALSE(feed.failed) << feed.scanner().error();
    EXPECT_TRUE(feed.replies.empty());
  });
}

}  // namespace respgate::protocol
