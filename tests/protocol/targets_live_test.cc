// Targets against a live server: what COMMAND GETKEYSANDFLAGS sees in thousands of
// random requests, the errors with which odd requests are answered, and the ways
// around the server's own ACL, shown at work.
#include <hiredis.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "live_connection.h"
#include "live_server.h"
#include "protocol/targets.h"

namespace respgate::protocol {
namespace {

using std::string_view_literals::operator""sv;
using Words = std::vector<std::string_view>;

constexpr std::string_view kKeys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "", "store", "STREAMS", "get"};
constexpr std::string_view kNumbers[] = {"0"sv,          "1"sv,    "2"sv,          "3"sv,  "4"sv,          "-1"sv,
                                         "01"sv,         "+1"sv,   " 1"sv,         "1 "sv, "1.0"sv,        "2x"sv,
                                         "1\0"sv,        "1000"sv, "4294967297"sv, "x"sv,  "4294967295"sv, "99999999999999999999"sv,
                                         "-4294967295"sv};
constexpr std::string_view kOptions[] = {"STORE"sv,   "storedist"sv,   "GET"sv,     "BY"sv,         "LIMIT"sv,   "ALPHA"sv,    "DESC"sv,
                                         "STREAMS"sv, "GROUP"sv,       "COUNT"sv,   "BLOCK"sv,      "NOACK"sv,   "KEYS"sv,     "AUTH"sv,
                                         "AUTH2"sv,   "COPY"sv,        "REPLACE"sv, "SET"sv,        "INCRBY"sv,  "OVERFLOW"sv, "MIN"sv,
                                         "LEFT"sv,    "NX"sv,          "EX"sv,      "WITHSCORES"sv, "WEIGHTS"sv, "DB"sv,       "STORE\0x"sv,
                                         "GET\0"sv,   "STREAMS\0zz"sv, "KEYS\0"sv,  "#"sv,          "w*"sv,      ">"sv};

// Requests that are neither all nonsense nor all sense.
class RequestMaker {
 public:
  explicit RequestMaker(unsigned seed) : random_(seed) {
    for (const CommandSpec& spec : all_commands()) {
      if (!spec.in_redis_7_0 || spec.keys.empty()) continue;
      // What has a grammar of its own deserves more attention.
      const std::size_t weight = spec.key_function == KeyFunction::kNone ? 1 : 12;
      commands_.insert(commands_.end(), weight, &spec);
    }
  }

  const CommandSpec& command() { return *commands_[below(commands_.size())]; }

  void make(const CommandSpec& spec, Words& words) {
    const std::size_t bar = spec.name.find('|');
    words.assign(1, spec.name.substr(0, bar));
    if (bar != std::string_view::npos) words.push_back(spec.name.substr(bar + 1));
    const auto least = static_cast<std::size_t>(std::abs(spec.arity));
    const std::size_t size = spec.arity > 0 ? least : least + below(7);
    while (words.size() < size) words.push_back(word());
    // A number of keys is one more often than not.
    for (const std::size_t at : {1u, 2u}) {
      if (is_numkeys(spec, at) && below(4) != 0) words[at] = pick(kNumbers);
    }
  }

 private:
  static bool is_numkeys(const CommandSpec& spec, std::size_t at) {
    return std::ranges::any_of(
        spec.keys, [at](const KeySpec& key) { return key.find == KeySpec::Find::kKeyNum && static_cast<std::size_t>(key.index) == at; });
  }
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  template <std::size_t N>
  std::string_view pick(const std::string_view (&words)[N]) {
    return words[below(N)];
  }
  std::string_view word() {
    switch (below(5)) {
      case 0: return pick(kNumbers);
      case 1:
      case 2: return pick(kOptions);
      default: return pick(kKeys);
    }
  }

  std::mt19937 random_;
  std::vector<const CommandSpec*> commands_;
};

std::string shown(const Words& words) {
  std::string text;
  for (const std::string_view word : words) text += '\'' + std::string(word) + "' ";
  return text;
}

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
  RequestMaker maker(20240607);
  TargetFinder finder;
  std::size_t with_keys = 0;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<std::pair<const CommandSpec*, Words>> requests(kBatch);
    for (auto& [spec, words] : requests) {
      spec = &maker.command();
      maker.make(*spec, words);
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
  RequestMaker maker(7);
  TargetFinder finder;
  std::size_t refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    const CommandSpec& spec = maker.command();
    Words words;
    maker.make(spec, words);
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
