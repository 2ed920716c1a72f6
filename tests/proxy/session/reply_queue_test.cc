#include "proxy/session/reply_queue.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

TEST(ReplyQueueTest, TheHeadLeavesAtOnce) {
  ReplyQueue queue;
  std::string out;
  const Seq first = queue.reserve();
  queue.fill(first, "+A\r\n", Part::kLast, out);
  EXPECT_EQ(out, "+A\r\n");
  EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueueTest, AReplyThatOvertookAnotherWaitsForIt) {
  ReplyQueue queue;
  std::string out;
  const Seq first = queue.reserve();
  const Seq second = queue.reserve();
  queue.fill(second, "+B\r\n", Part::kLast, out);
  EXPECT_EQ(out, "");
  EXPECT_EQ(queue.parked_bytes(), 4u);
  queue.fill(first, "+A\r\n", Part::kLast, out);
  EXPECT_EQ(out, "+A\r\n+B\r\n");
  EXPECT_EQ(queue.parked_bytes(), 0u);
}

TEST(ReplyQueueTest, PartsOfTheHeadFlowAndThoseBehindItWait) {
  ReplyQueue queue;
  std::string out;
  const Seq first = queue.reserve();
  const Seq second = queue.reserve();
  queue.fill(first, "$4\r\nab", Part::kMore, out);
  EXPECT_EQ(out, "$4\r\nab");
  queue.fill(second, "$2\r\n", Part::kMore, out);
  EXPECT_EQ(out, "$4\r\nab");
  queue.fill(first, "cd\r\n", Part::kLast, out);
  EXPECT_EQ(out, "$4\r\nabcd\r\n$2\r\n");
  queue.fill(second, "ef\r\n", Part::kLast, out);
  EXPECT_EQ(out, "$4\r\nabcd\r\n$2\r\nef\r\n");
  EXPECT_TRUE(queue.empty());
}

// Whatever the order in which replies come, and in however many parts, they leave in the order of the requests.
TEST(ReplyQueueTest, AnyOrderOfCompletionLeavesInTheOrderOfRequests) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    ReplyQueue queue;
    std::string out;
    std::string expected;
    std::vector<std::pair<Seq, std::string>> replies;
    for (int i = 0; i < 20; ++i) {
      replies.emplace_back(queue.reserve(), ":" + std::to_string(i) + "\r\n");
      expected += replies.back().second;
    }
    std::shuffle(replies.begin(), replies.end(), random);
    for (const auto& [seq, bytes] : replies) {
      const std::size_t cut = random() % (bytes.size() + 1);
      queue.fill(seq, std::string_view(bytes).substr(0, cut), Part::kMore, out);
      queue.fill(seq, std::string_view(bytes).substr(cut), Part::kLast, out);
    }
    ASSERT_EQ(out, expected) << "seed " << seed;
    ASSERT_TRUE(queue.empty());
    ASSERT_EQ(queue.parked_bytes(), 0u);
  }
}

}  // namespace
}  // namespace respgate::proxy
