// Targets against a live server: what COMMAND GETKEYSANDFLAGS sees in thousands of
// random requests, the errors with which odd requests are answered, and the ways
// around the server's own ACL, shown at work.
#include <hiredis.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "live_connection.h"
#include "live_server.h"
#include "protocol/targets.h"
#include "request_maker.h"

namespace respgate::protocol {
namespace {

using std::string_view_literals::operator""sv;
using Words = RequestMaker::Words;

constexpr std::string_view kKeys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "", "store", "STREAMS", "get", "block", "Count"};

// --- The server's view ------------------------------------------------------------------

using SeenKeys = std::vector<std::pair<std::string, Access>>;

struct FreeContext {
  void operator()(redisContext* c) const { redisFree(c); }
};
struct FreeReply {
  void operator()(redisReply* r) const { freeReplyObject(r); }
};

Access access_of_words(const redisReply& words) {
  Access access = Access::kAny;
  for (std::size_t i = 0; i < words.elements; ++i) {
    const std::string_view word(words.element[i]->str, words.element[i]->len);
    if (word == "access") access = access | Access::kRead;
    if (word == "insert" || word == "update" || word == "delete") access = access | Access::kWrite;
  }
  return access;
}

// The reply of COMMAND GETKEYSANDFLAGS; that there are no keys, it says with an error.
SeenKeys seen_by_server(const redisReply& reply) {
  SeenKeys keys;
  if (reply.type == REDIS_REPLY_ERROR) return keys;
  for (std::size_t i = 0; i < reply.elements; ++i) {
    const redisReply& pair = *reply.element[i];
    keys.emplace_back(std::string(pair.element[0]->str, pair.element[0]->len), access_of_words(*pair.element[1]));
  }
  return keys;
}

SeenKeys seen_by_us(const Targets& targets, const Words& words) {
  SeenKeys keys;
  for (const KeyRef& key : targets.keys()) {
    if (!key.beyond_server) keys.emplace_back(std::string(words[key.arg]), key.access);
  }
  return keys;
}

void append_getkeys(redisContext* context, const Words& words) {
  std::vector<const char*> texts{"COMMAND", "GETKEYSANDFLAGS"};
  std::vector<std::size_t> sizes{7, 15};
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(context, static_cast<int>(texts.size()), texts.data(), sizes.data());
}

TEST(TargetsLiveTest, TheServerSeesTheKeysThatWeSayItSees) {
  constexpr int kBatches = 100;
  constexpr int kBatch = 400;
  const LiveServer server;
  const std::unique_ptr<redisContext, FreeContext> context(redisConnectUnix(server.socket_path().c_str()));
  RequestMaker maker(20240607, kKeys);
  TargetFinder finder;
  std::size_t with_keys = 0;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<std::pair<const CommandSpec*, Words>> requests(kBatch);
    for (auto& [spec, words] : requests) {
      spec = &maker.next(words);
      append_getkeys(context.get(), words);
    }
    for (const auto& [spec, words] : requests) {
      void* raw = nullptr;
      ASSERT_EQ(redisGetReply(context.get(), &raw), REDIS_OK) << shown(words);
      const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
      const SeenKeys theirs = seen_by_server(*reply);
      ASSERT_EQ(seen_by_us(finder.find(*spec, words), words), theirs) << shown(words);
      with_keys += !theirs.empty();
    }
  }
  EXPECT_GT(with_keys, std::size_t{kBatches * kBatch / 2});
}

// --- Refusals ---------------------------------------------------------------------------

// FCALL looks for its function before it looks at its numbers; a blocking pop looks at its timeout first.
bool answers_numbers_first(const CommandSpec& spec) { return !spec.name.starts_with("fcall") && !spec.has(flag::kBlocking); }

TEST(TargetsLiveTest, WhatWeRefuseTheServerRefusesInTheSameWords) {
  const LiveServer server;
  LiveConnection connection(server);
  RequestMaker maker(7, kKeys);
  TargetFinder finder;
  std::size_t refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    Words words;
    const CommandSpec& spec = maker.next(words);
    const Targets& targets = finder.find(spec, words);
    if (targets.status() != Targets::Status::kRefused) continue;
    const ReplyFrame& reply = connection.ask(words);
    ASSERT_EQ(reply.type, RespType::kError) << shown(words);
    if (answers_numbers_first(spec) || spec.key_function == KeyFunction::kXRead) {
      ASSERT_EQ(line_of(reply), targets.refusal()) << shown(words);
    }
    ++refused;
  }
  EXPECT_GT(refused, 5'000u);
}

// --- Ways around the server's ACL, on the server ----------------------------------------

class BypassLiveTest : public testing::Test {
 protected:
  BypassLiveTest() : root_(server_), limited_(server_) {
    root_.ask({"ACL", "SETUSER", "limited", "on", "nopass", "+@all", "-@dangerous", "+sort", "~ok*", "~get", "~s1", "~STREAMS"});
    root_.ask({"GEOADD", "ok", "1", "1", "m"});
    root_.ask({"RPUSH", "ok:list", "2", "1"});
    root_.ask({"XADD", "secret:stream", "1-1", "f", "v"});
    root_.ask({"XGROUP", "CREATE", "secret:stream", "streams", "0"});
    root_.ask({"XGROUP", "CREATE", "secret:stream", "g", "0"});
    limited_.ask({"AUTH", "limited", "x"});
  }

  // The server lets `words` reach `secret`; we ask for it, as one of the keys that it does not see.
  void expect_bypass(const Words& words, std::string_view secret, std::string_view reached_type) {
    EXPECT_TRUE(std::string(limited_.ask({"TYPE", secret}).wire).starts_with("-NOPERM"));
    const ReplyFrame& reply = limited_.ask(words);
    EXPECT_NE(reply.type, RespType::kError) << reply.wire;
    EXPECT_EQ(line_of(root_.ask({"TYPE", secret})), reached_type);
    const Targets& targets = finder_.find(*find_command(words).spec, words);
    EXPECT_TRUE(std::ranges::any_of(targets.keys(), [&](const KeyRef& key) { return key.beyond_server && words[key.arg] == secret; }));
  }

  LiveServer server_;
  LiveConnection root_;
  LiveConnection limited_;
  TargetFinder finder_;
};

TEST_F(BypassLiveTest, GeoradiusStoresIntoTheSecondStore) {
  expect_bypass({"GEORADIUS", "ok", "1", "1", "10", "m", "STORE", "ok2", "STORE", "secret"}, "secret", "zset");
}

TEST_F(BypassLiveTest, GeoradiusByMemberStoresIntoTheSecondStore) {
  expect_bypass({"GEORADIUSBYMEMBER", "ok", "m", "10", "m", "STOREDIST", "ok2", "STOREDIST", "secret"}, "secret", "zset");
}

TEST_F(BypassLiveTest, SortStoresBehindADestinationNamedLikeAnOption) {
  expect_bypass({"SORT", "ok:list", "STORE", "get", "STORE", "secret"}, "secret", "list");
}

TEST_F(BypassLiveTest, AGroupCalledStreamsReadsAnotherStream) {
  expect_bypass({"XREADGROUP", "COUNT", "1", "GROUP", "streams", "s1", "STREAMS", "secret:stream", ">"}, "secret:stream", "stream");
}

TEST_F(BypassLiveTest, AConsumerCalledStreamsReadsAnotherStream) {
  expect_bypass({"XREADGROUP", "COUNT", "1", "GROUP", "g", "streams", "STREAMS", "secret:stream", ">"}, "secret:stream", "stream");
}

// What the server takes for an option, though it ends in a NUL, we take for one too.
TEST_F(BypassLiveTest, OptionsThatEndInANulAreOptions) {
  root_.ask({"SET", "ok:string", "old"});
  const ReplyFrame& old = root_.ask({"SET", "ok:string", "new", "GET\0zz"sv});
  EXPECT_EQ(old.type, RespType::kBulk);
  EXPECT_EQ(line_of(root_.ask({"SORT", "ok:list", "STORE\0zz"sv, "sorted"})).empty(), false);
  EXPECT_EQ(line_of(root_.ask({"TYPE", "sorted"})), "list");
  EXPECT_EQ(root_.ask({"XREAD", "STREAMS\0zz"sv, "secret:stream", "0"}).type, RespType::kArray);
}

}  // namespace
}  // namespace respgate::protocol
