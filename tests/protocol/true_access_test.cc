// Does a command ever touch a key that its targets do not name?  Random requests that
// name no secret run on a live server beside secret keys of every type; what they
// answer must hold nothing of the secrets, and the secrets must stay as they are.
#include <algorithm>
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
  for (const char* type : {"string", "list", "set", "zset", "hash", "stream", "geo"}) connection.ask({"UNLINK", key(type)});
  connection.ask({"SET", key("string"), value});
  connection.ask({"RPUSH", key("list"), value, "b"});
  connection.ask({"SADD", key("set"), value, "b"});
  connection.ask({"ZADD", key("zset"), "1", value, "2", "b"});
  connection.ask({"HSET", key("hash"), value, value});
  connection.ask({"XADD", key("stream"), "1-1", "f", value});
  for (const std::string_view group : {"g", "streams", "STORE", "0"}) connection.ask({"XGROUP", "CREATE", key("stream"), group, "0"});
  connection.ask({"GEOADD", key("geo"), "1", "1", value, "0", "0", "m"});
}

// Cuts `text` at its blanks.  The words live as long as it does.
void append_words(std::string_view text, Words& words) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool is_secret(std::string_view key) { return std::ranges::find(kSecrets, key) != std::end(kSecrets); }

// Could a user without rights to the secrets send this?
bool names_no_secret(const Targets& targets, const Words& words) {
  return targets.status() == Targets::Status::kFound && targets.reach() == Reach::kNamed &&
         std::ranges::none_of(targets.keys(), [&](const KeyRef& key) { return is_secret(words[key.arg]); });
}

// A command whose grammar decides which of its words are keys: its head, and what may follow in any order.
struct Grammar {
  std::string_view head;
  std::vector<std::string_view> phrases;
};
const Grammar kGrammars[] = {
    {"GEORADIUS geo 0 0 900 km", {"STORE g", "STORE store", "STORE secret:geo", "STOREDIST g", "STOREDIST secret:zset", "COUNT 1", "ASC"}},
    {"GEORADIUSBYMEMBER geo m 900 km", {"STORE g", "STORE STOREDIST", "STORE secret:geo", "STOREDIST secret:zset", "COUNT 1", "DESC"}},
    {"SORT list ALPHA", {"STORE get", "STORE by", "STORE limit", "STORE store", "STORE secret:list", "BY nosort", "LIMIT 0 1", "DESC"}},
    {"XREADGROUP",
     {"COUNT 1", "NOACK", "GROUP g streams", "GROUP streams stream", "GROUP g count", "STREAMS secret:stream >", "STREAMS secret:stream 0",
      "STREAMS stream >", "STREAMS stream secret:stream 0 0"}},
    {"XREAD", {"COUNT 1", "STREAMS secret:stream 0", "STREAMS stream 0", "STREAMS STREAMS secret:stream 0 0", "GROUP streams stream"}},
    {"ZUNIONSTORE g", {"1 zset", "1 secret:zset", "2 zset secret:zset", "WEIGHTS 1", "AGGREGATE MAX", "secret:zset"}},
    {"LMPOP", {"1 list", "1 secret:list", "2 list secret:list", "LEFT", "COUNT 1", "secret:list"}},
    {"COPY string g", {"DB 1", "REPLACE", "secret:string"}},
};

class TrueAccessTest : public testing::Test {
 protected:
  TrueAccessTest() : connection_(server_) {
    digest_.insert(digest_.end(), std::begin(kSecrets), std::end(kSecrets));
    make_keys(connection_, "secret:", kMarker);
    untouched_ = connection_.ask(digest_).wire;
  }

  // Sends what names no secret to the targets, and looks whether it reached one.
  void try_request(const CommandSpec& spec, const Words& words) {
    if (spec.dispatch != Dispatch::kForward || may_block(spec, words) || !names_no_secret(finder_.find(spec, words), words)) return;
    if (sent_++ % 50 == 0) make_keys(connection_, "", "harmless");  // the requests spoil them
    const ReplyFrame& reply = connection_.ask(words);
    if (!std::ranges::any_of(words, is_secret)) return;
    ++with_secret_words_;
    // An error may quote what the client said itself.
    ASSERT_TRUE(reply.is_error() || reply.wire.find(kMarker) == std::string_view::npos) << shown(words) << reply.wire;
    ASSERT_EQ(connection_.ask(digest_).wire, untouched_) << shown(words);
  }

  LiveServer server_;
  LiveConnection connection_;
  TargetFinder finder_;
  Words digest_{"DEBUG", "DIGEST-VALUE"};
  std::string untouched_;
  std::size_t sent_ = 0;
  std::size_t with_secret_words_ = 0;
};

TEST_F(TrueAccessTest, NoCommandTouchesAKeyThatItsTargetsDoNotName) {
  RequestMaker maker(42, kKeys);
  for (int i = 0; i < 120'000 && !HasFatalFailure(); ++i) {
    Words words;
    const CommandSpec& spec = maker.next(words);
    try_request(spec, words);
  }
  EXPECT_GT(sent_, 15'000u);
  EXPECT_GT(with_secret_words_, 3'000u);
}

// Four phrases in every order, repeated ones among them.
TEST_F(TrueAccessTest, NoOrderOfOptionsHidesAKeyFromTheTargets) {
  for (const Grammar& grammar : kGrammars) {
    const std::size_t n = grammar.phrases.size();
    for (std::size_t order = 0; order < n * n * n * n && !HasFatalFailure(); ++order) {
      Words words;
      append_words(grammar.head, words);
      for (std::size_t rest = order, phrase = 0; phrase < 4; ++phrase, rest /= n) append_words(grammar.phrases[rest % n], words);
      const CommandSpec& spec = *find_command(words).spec;
      if (spec.arity_fits(words.size())) try_request(spec, words);
    }
  }
  EXPECT_GT(with_secret_words_, 300u);
}

}  // namespace
}  // namespace respgate::protocol
