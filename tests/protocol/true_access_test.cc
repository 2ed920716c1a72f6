// Does a command ever touch a key that its targets do not name?  Random requests that
// name no secret run on a live server beside secret keys of every type; what they
// answer must hold nothing of the secrets, and the secrets must stay as they are.
#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "live_connection.h"
#include "live_server.h"
#include "protocol/targets.h"
#include "request_maker.h"

namespace respgate::protocol {
namespace {

using Words = RequestMaker::Words;

constexpr std::string_view kMarker = "confidential";
constexpr std::string_view kSecrets[] = {"secret:string", "secret:list",   "secret:set", "secret:zset",
                                         "secret:hash",   "secret:stream", "secret:geo"};
constexpr std::string_view kKeys[] = {"string",
                                      "list",
                                      "set",
                                      "zset",
                                      "hash",
                                      "stream",
                                      "geo",
                                      "secret:string",
                                      "secret:list",
                                      "secret:set",
                                      "secret:zset",
                                      "secret:hash",
                                      "secret:stream",
                                      "secret:geo",
                                      "streams",
                                      "store",
                                      "get",
                                      "STORE",
                                      "g",
                                      "0",
                                      ">"};

void make_keys(LiveConnection& connection, const std::string& prefix, std::string_view value) {
  const auto key = [&](const char* type) { return prefix + type; };
  connection.ask({"SET", key("string"), value});
  connection.ask({"RPUSH", key("list"), value, "b"});
  connection.ask({"SADD", key("set"), value, "b"});
  connection.ask({"ZADD", key("zset"), "1", value, "2", "b"});
  connection.ask({"HSET", key("hash"), value, value});
  connection.ask({"XADD", key("stream"), "1-1", "f", value});
  for (const std::string_view group : {"g", "streams", "STORE", "0"}) connection.ask({"XGROUP", "CREATE", key("stream"), group, "0"});
  connection.ask({"GEOADD", key("geo"), "1", "1", value, "0", "0", "m"});
}

bool is_secret(std::string_view key) { return std::ranges::find(kSecrets, key) != std::end(kSecrets); }

// Could a user without rights to the secrets send this?
bool names_no_secret(const Targets& targets, const Words& words) {
  return targets.status() == Targets::Status::kFound && targets.reach() == Reach::kNamed &&
         std::ranges::none_of(targets.keys(), [&](const KeyRef& key) { return is_secret(words[key.arg]); });
}

TEST(TrueAccessTest, NoCommandTouchesAKeyThatItsTargetsDoNotName) {
  const LiveServer server;
  LiveConnection connection(server);
  Words digest{"DEBUG", "DIGEST-VALUE"};
  digest.insert(digest.end(), std::begin(kSecrets), std::end(kSecrets));
  make_keys(connection, "secret:", kMarker);
  const std::string untouched(connection.ask(digest).wire);

  RequestMaker maker(42, kKeys);
  TargetFinder finder;
  std::size_t sent = 0, with_secret_words = 0;
  for (int i = 0; i < 120'000; ++i) {
    Words words;
    const CommandSpec& spec = maker.next(words);
    if (spec.dispatch != Dispatch::kForward || may_block(spec, words) || !names_no_secret(finder.find(spec, words), words)) continue;
    if (sent % 200 == 0) make_keys(connection, "", "harmless");  // the requests spoil them
    const ReplyFrame& reply = connection.ask(words);
    ++sent;
    // An error may quote what the client said itself.
    if (!std::ranges::any_of(words, is_secret)) continue;
    ++with_secret_words;
    ASSERT_TRUE(reply.is_error() || reply.wire.find(kMarker) == std::string_view::npos) << shown(words) << reply.wire;
    ASSERT_EQ(connection.ask(digest).wire, untouched) << shown(words);
  }
  EXPECT_GT(sent, 15'000u);
  EXPECT_GT(with_secret_words, 3'000u);
}

}  // namespace
}  // namespace respgate::protocol
