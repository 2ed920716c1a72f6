// The replies of a live server to every forwarded command, in many forms, over keys
// of every type and in both protocol versions: the table must admit each of them (or
// healthy lanes would be cut), and admit nothing that is never seen (or lanes out of
// step would live on).
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "live_connection.h"
#include "live_server.h"
#include "protocol/command_table.h"
#include "request_maker.h"

namespace respgate::protocol {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kKeys[] = {"missing", "str", "int", "list", "set", "zset", "hash", "stream", "geo", "hll"};
constexpr std::string_view kDataSet[] = {"FLUSHALL",
                                         "SET str value",
                                         "SET int 12",
                                         "RPUSH list a b a",
                                         "SADD set a b c",
                                         "ZADD zset 1 a 2 b",
                                         "HSET hash a 1 b 2 n 3",
                                         "XADD stream 1-1 f v",
                                         "XADD stream 2-1 f w",
                                         "XGROUP CREATE stream g 0",
                                         "XGROUP CREATE stream read $",
                                         "XREADGROUP GROUP g c COUNT 1 STREAMS stream >",
                                         "GEOADD geo 13.36 38.11 a 15.08 37.50 b",
                                         "PFADD hll x y z"};

Words split(std::string_view line) {
  Words words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    words.emplace_back(word == "\"\"" ? "" : word);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::vector<std::string_view> views(const Words& words) { return {words.begin(), words.end()}; }

std::vector<std::string> read_corpus() {
  std::ifstream file(std::string(RESPGATE_TEST_DATA) + "/reply_corpus.txt");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  }
  return lines;
}

ReplyTypes type_seen(const ReplyFrame& reply) {
  if (reply.length < 0 && reply.type == RespType::kBulk) return reply_bit(RespType::kNull);
  if (reply.length < 0 && reply.type == RespType::kArray) return kNullArrayBit;
  return reply_bit(reply.type);
}

class ReplyLiveTest : public testing::TestWithParam<RespVersion> {
 protected:
  ReplyLiveTest() : connection_(server_, GetParam()) {
    make_data_set();
    const std::string_view dump = connection_.ask({"DUMP", "str"}).wire;
    const std::size_t header = dump.find('\n') + 1;
    dump_ = dump.substr(header, dump.size() - header - 2);
  }

  void make_data_set() {
    for (const std::string_view line : kDataSet) connection_.queue(views(split(line)));
    connection_.flush();
    for ([[maybe_unused]] const std::string_view line : kDataSet) ASSERT_FALSE(connection_.next_reply().is_error()) << line;
  }

  // Asks for one line of the corpus, with `key` for $K.
  void check(const std::string& line, std::string_view key) {
    Words words = split(line);
    for (std::string& word : words) {
      if (word == "$K") word = key;
      if (word == "$DUMP") word = dump_;
    }
    const std::vector<std::string_view> args = views(words);
    const CommandSpec& spec = *find_command(args).spec;
    const ReplyFrame& reply = connection_.ask(args);
    EXPECT_TRUE(expected_reply(spec, args, GetParam()).admits(reply.type, reply.length))
        << line << " (" << key << ") got " << reply.wire.substr(0, 60);
    seen_[spec.name] |= type_seen(reply);
  }

  void check_corpus() {
    for (const std::string& line : read_corpus()) {
      const bool without_keys = line.starts_with("! ");
      const bool with_each = line.find("$K") != std::string::npos;
      for (const std::string_view key : with_each ? std::span(kKeys) : std::span(kKeys).first(1)) {
        make_data_set();
        if (without_keys) connection_.ask({"FLUSHALL"});
        check(without_keys ? line.substr(2) : line, key);
      }
    }
  }

  LiveServer server_;
  LiveConnection connection_;
  std::string dump_;
  std::map<std::string_view, ReplyTypes> seen_;
};

// What the table admits for the sake of servers that are not at hand.
ReplyTypes answered_elsewhere(const CommandSpec& spec) {
  if (spec.name == "srandmember") return reply_bit(RespType::kSet);  // before Redis 7.0, in RESP3
  return 0;
}

std::string letters(ReplyTypes types) {
  std::string text;
  for (const char c : std::string_view("+:$*_,#(=!%~|>")) {
    if (types & reply_bit(static_cast<RespType>(c))) text += c;
  }
  return types & kNullArrayBit ? text + '0' : text;
}

TEST_P(ReplyLiveTest, EveryReplyIsOneThatTheTableAdmits) {
  check_corpus();
  for (const CommandSpec& spec : all_commands()) {
    if (spec.dispatch != Dispatch::kForward || !spec.in_redis_7_0) continue;
    const ReplyTypes seen = seen_[spec.name] & ~reply_bit(RespType::kError);
    EXPECT_NE(seen, 0u) << spec.name << " was never answered but with errors";
    const ReplyForm& usual = spec.reply.usual;
    const ReplyForm other = spec.reply.option_words.empty() && spec.reply.other_beyond == 0 ? ReplyForm{0, 0} : spec.reply.other;
    const ReplyTypes admitted = GetParam() == RespVersion::kResp2 ? usual.resp2 | other.resp2 : usual.resp3 | other.resp3;
    EXPECT_EQ(letters(admitted & ~seen & ~answered_elsewhere(spec)), "") << spec.name << " never answered this";
  }
}

// The corpus holds what somebody thought of.
TEST_P(ReplyLiveTest, RepliesToRandomRequestsAreAdmitted) {
  RequestMaker maker(11, kKeys);
  std::size_t answered = 0;
  for (int i = 0; i < 60'000; ++i) {
    RequestMaker::Words words;
    const CommandSpec& spec = maker.next(words);
    if (spec.dispatch != Dispatch::kForward || may_block(spec, words)) continue;
    if (i % 50 == 0) make_data_set();
    const ReplyFrame& reply = connection_.ask(words);
    ASSERT_TRUE(expected_reply(spec, words, GetParam()).admits(reply.type, reply.length)) << shown(words) << reply.wire.substr(0, 60);
    answered += !reply.is_error();
  }
  EXPECT_GT(answered, 5'000u);
}

INSTANTIATE_TEST_SUITE_P(Versions, ReplyLiveTest, testing::Values(RespVersion::kResp2, RespVersion::kResp3),
                         [](const auto& version) { return version.param == RespVersion::kResp2 ? "Resp2" : "Resp3"; });

}  // namespace
}  // namespace respgate::protocol
