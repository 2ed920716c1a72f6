// hiredis, the C client, unmodified, through the proxy: the blocking interface, its
// pipelines, and its own reader as a judge of every reply's framing.
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include "tests/integration/gate_process.h"
#include "tests/integration/redis_process.h"

namespace respgate::test {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;
using ContextPtr = std::unique_ptr<redisContext, decltype(&redisFree)>;

class HiredisClientTest : public testing::Test {
 protected:
  HiredisClientTest()
      : server_(directory_, "redis"),
        gate_(directory_, {"unix:" + server_.path(), "user default off\nuser alice on >alice-secret ~alice:* +@all -@dangerous\n", 2, ""},
              "alice"),
        context_(redisConnectUnix(gate_.path().c_str()), redisFree) {}

  template <typename... Arguments>
  ReplyPtr command(const char* format, Arguments... arguments) {
    return ReplyPtr(static_cast<redisReply*>(redisCommand(context_.get(), format, arguments...)));
  }

  static std::string text(const ReplyPtr& reply) { return reply == nullptr ? "(none)" : std::string(reply->str, reply->len); }

  TemporaryDirectory directory_;
  RedisProcess server_;
  GateProcess gate_;
  ContextPtr context_;
};

TEST_F(HiredisClientTest, LogsInAndKeepsToItsRights) {
  ASSERT_EQ(context_->err, 0) << context_->errstr;
  EXPECT_EQ(text(command("GET alice:1")), "NOAUTH Authentication required.");
  EXPECT_EQ(text(command("AUTH alice alice-secret")), "OK");
  EXPECT_EQ(text(command("SET alice:1 %b", "binary\0value", std::size_t{12})), "OK");
  EXPECT_EQ(text(command("GET alice:1")), std::string("binary\0value", 12));
  const ReplyPtr denied = command("GET bob:1");
  EXPECT_EQ(denied->type, REDIS_REPLY_ERROR);
  EXPECT_EQ(text(denied), "NOPERM this user has no permissions to access one of the keys used as arguments");
  EXPECT_EQ(gate_.stop(), "");
}

TEST_F(HiredisClientTest, PipelinesOfThousandsComeBackInOrder) {
  ASSERT_EQ(text(command("AUTH alice alice-secret")), "OK");
  constexpr int kRequests = 20000;
  for (int n = 0; n < kRequests; ++n) redisAppendCommand(context_.get(), n % 2 == 0 ? "SET alice:%d %d" : "GET alice:%d", n / 2, n / 2);
  for (int n = 0; n < kRequests; ++n) {
    void* reply = nullptr;
    ASSERT_EQ(redisGetReply(context_.get(), &reply), REDIS_OK) << context_->errstr;
    const ReplyPtr owned(static_cast<redisReply*>(reply));
    ASSERT_EQ(text(owned), n % 2 == 0 ? "OK" : std::to_string(n / 2));
  }
  EXPECT_EQ(gate_.stop(), "");
}

}  // namespace
}  // namespace respgate::test
