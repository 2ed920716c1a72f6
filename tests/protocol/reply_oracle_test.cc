// A second opinion on where replies end: hiredis for RESP2, and for RESP3 a
// generator that knows.
#include <memory>
#include <optional>
#include <random>
#include <string>

#include <hiredis/read.h>

#include "tests/protocol/reply_feed.h"

namespace respgate::protocol {
namespace {

using namespace std::string_literals;

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  char one_of(std::string_view bytes) { return bytes[below(bytes.size())]; }
  std::string text(std::string_view bytes, std::size_t most) {
    std::string text(below(most + 1), ' ');
    for (char& c : text) c = one_of(bytes);
    return text;
  }

 private:
  std::mt19937 engine_;
};

// Draws replies.
class Generator {
 public:
  Generator(RespVersion version, Random& random) : resp3_(version == RespVersion::kResp3), random_(random) {}

  // One reply; `wire` grows by exactly its bytes.
  void reply(std::string& wire, std::size_t depth) {
    if (resp3_ && random_.below(12) == 0) attribute(wire, depth);
    value(wire, resp3_ ? random_.one_of("+-:$*_,#(=!%~") : random_.one_of("+-:$*"), depth);
  }

  // As reply(), and now and then out of band.
  void top_level(std::string& wire) {
    if (!resp3_ || random_.below(10) != 0) return reply(wire, 0);
    value(wire, '>', 0);
  }

 private:
  void value(std::string& wire, char type, std::size_t depth) {
    switch (type) {
      case '*':
      case '~':
      case '>': return aggregate(wire, type, 1, depth);
      case '%': return aggregate(wire, type, 2, depth);
      case '$':
      case '!': return bulk(wire, type, "");
      case '=': return bulk(wire, type, "txt:");
      default: return line(wire, type);
    }
  }

  void aggregate(std::string& wire, char type, std::size_t values_each, std::size_t depth) {
    if (type == '*' && random_.below(10) == 0) {
      wire += "*-1\r\n";
      return;
    }
    const std::size_t length = depth >= 6 ? 0 : random_.below(4);
    wire += type + std::to_string(length) + "\r\n";
    for (std::size_t i = 0; i < length * values_each; ++i) reply(wire, depth + 1);
  }

  void attribute(std::string& wire, std::size_t depth) { aggregate(wire, '|', 2, depth + 3); }

  void bulk(std::string& wire, char type, std::string_view format) {
    if (type == '$' && random_.below(8) == 0) {
      wire += "$-1\r\n";
      return;
    }
    const std::string content = std::string(format) + random_.text("ab\r\n$*:+-0\0"s, 15);
    wire += type + std::to_string(content.size()) + "\r\n" + content + "\r\n";
  }

  void line(std::string& wire, char type) {
    wire += type;
    switch (type) {
      case ':':
      case '(':
        wire += random_.below(2) == 0 ? "-" : "";
        wire += std::to_string(1 + random_.below(1u << 30));
        break;
      case ',': wire += "1.5"; break;
      case '#': wire += random_.one_of("tf"); break;
      case '_': break;
      default: wire += random_.text("abc \0\xff$*"s, 15); break;
    }
    wire += "\r\n";
  }

  bool resp3_;
  Random& random_;
};

void mutate(std::string& wire, Random& random) {
  constexpr std::string_view kBytes = "\r\n\r\n$*:+-0123 x";
  for (std::size_t changes = 1 + random.below(2); changes > 0 && !wire.empty(); --changes) {
    const std::size_t at = random.below(wire.size());
    switch (random.below(4)) {
      case 0: wire[at] = random.one_of(kBytes); break;
      case 1: wire.erase(at, 1 + random.below(3)); break;
      case 2: wire.insert(at, 1, random.one_of(kBytes)); break;
      default: wire.insert(at, wire.substr(at, random.below(8))); break;
    }
  }
}

// What became of the first reply in some bytes.
struct Verdict {
  enum class Kind : std::uint8_t { kNeedMore, kEnded, kRefused };
  Kind kind = Kind::kNeedMore;
  std::size_t end = 0;
  std::string error;
};

Verdict ours(RespVersion version, std::string_view wire) {
  ReplyScanner scanner(version);
  switch (scanner.scan(wire)) {
    case ReplyScanner::Status::kNeedMore: return {};
    case ReplyScanner::Status::kComplete: return {Verdict::Kind::kEnded, scanner.frame().wire.size(), ""};
    case ReplyScanner::Status::kError: break;
  }
  return {Verdict::Kind::kRefused, 0, std::string(scanner.error())};
}

// Byte by byte, so that the byte with which the reply came out is its last.  No tree is
// built, but integers are looked at, which hiredis only does for who wants to have them.
Verdict hiredis(std::string_view wire) {
  redisReplyObjectFunctions functions{};
  functions.createInteger = [](const redisReadTask* task, long long) { return static_cast<void*>(const_cast<redisReadTask*>(task)); };
  const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader(redisReaderCreateWithFunctions(&functions), redisReaderFree);
  for (std::size_t i = 0; i < wire.size(); ++i) {
    void* reply = nullptr;
    redisReaderFeed(reader.get(), wire.data() + i, 1);
    if (redisReaderGetReply(reader.get(), &reply) != REDIS_OK) return {Verdict::Kind::kRefused, 0, reader->errstr};
    if (reply != nullptr) return {Verdict::Kind::kEnded, i + 1, ""};
  }
  return {};
}

// Why the two may differ; empty where there is no reason.
std::string_view reason(const Verdict& us, const Verdict& them) {
  using Kind = Verdict::Kind;
  if (us.kind == Kind::kRefused) {
    if (us.error == "bulk without its CRLF") return "hiredis skips two bytes behind a bulk unchecked";
    if (us.error == "line without its CRLF") return "hiredis takes a bare CR or LF for text";
    if (us.error == "length without its CRLF" && them.kind != Kind::kEnded) return "hiredis looks for a later CRLF";
    if (us.error == "length not a number" && them.kind == Kind::kNeedMore) return "hiredis waits for the end of the line";
    if (us.error == "too many elements" && them.kind == Kind::kNeedMore) return "hiredis has a higher limit";
    if (us.error == "bulk too long" && them.kind == Kind::kNeedMore) return "hiredis has no limit";
  }
  if (them.kind == Kind::kRefused) {
    if (them.error.starts_with("No support for nested multi bulk replies with depth")) return "hiredis nests less deeply";
    if (them.error == "Bad integer value") return "hiredis refuses a plus sign";
  }
  return {};
}

TEST(ReplyOracleTest, Resp2RepliesEndWhereHiredisSays) {
  Random random(2024);
  Generator generator(RespVersion::kResp2, random);
  std::size_t ended = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string wire;
    generator.top_level(wire);
    const std::size_t size = wire.size();
    generator.top_level(wire);
    const Verdict us = ours(RespVersion::kResp2, wire);
    ASSERT_EQ(us.kind, Verdict::Kind::kEnded) << us.error;
    ASSERT_EQ(us.end, size);
    const Verdict them = hiredis(wire);
    if (them.kind == us.kind) {
      ASSERT_EQ(them.end, size);
      ++ended;
    } else {
      ASSERT_EQ(reason(us, them), "hiredis nests less deeply") << ::testing::PrintToString(wire);
    }
  }
  EXPECT_GT(ended, 90000u);
}

TEST(ReplyOracleTest, DamagedResp2RepliesEndWhereHiredisSaysOrForAReason) {
  Random random(4711);
  Generator generator(RespVersion::kResp2, random);
  std::size_t ended = 0;
  std::size_t refused_by_both = 0;
  for (int round = 0; round < 300000; ++round) {
    std::string wire;
    generator.top_level(wire);
    mutate(wire, random);
    wire += "+NEXT\r\n";
    const Verdict us = ours(RespVersion::kResp2, wire);
    const Verdict them = hiredis(wire);
    if (us.kind == them.kind) {
      ASSERT_EQ(us.end, them.end) << ::testing::PrintToString(wire);
      ended += us.kind == Verdict::Kind::kEnded ? 1 : 0;
      refused_by_both += us.kind == Verdict::Kind::kRefused ? 1 : 0;
    } else {
      ASSERT_NE(reason(us, them), "") << ::testing::PrintToString(wire) << us.error << " / " << them.error;
    }
  }
  EXPECT_GT(ended, 30000u);
  EXPECT_GT(refused_by_both, 30000u);
}

TEST(ReplyOracleTest, EachReasonToDifferFromHiredisIsSeen) {
  const auto reason_for = [](std::string_view wire) { return reason(ours(RespVersion::kResp2, wire), hiredis(wire)); };
  EXPECT_EQ(reason_for("$1\r\nabc"), "hiredis skips two bytes behind a bulk unchecked");
  EXPECT_EQ(reason_for("+a\nb\r\n"), "hiredis takes a bare CR or LF for text");
  EXPECT_EQ(reason_for("+a\rb\r\n"), "hiredis takes a bare CR or LF for text");
  EXPECT_EQ(reason_for("$1\rx"), "hiredis looks for a later CRLF");
  EXPECT_EQ(reason_for("*x"), "hiredis waits for the end of the line");
  EXPECT_EQ(reason_for("*2147483647\r\n"), "hiredis has a higher limit");
  EXPECT_EQ(reason_for("$1073741825\r\n"), "hiredis has no limit");
  EXPECT_EQ(reason_for("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), "hiredis nests less deeply");
  EXPECT_EQ(reason_for(":+1\r\n"), "hiredis refuses a plus sign");
}

TEST(ReplyOracleTest, Resp3RepliesEndWhereTheyWereMadeToEnd) {
  Random random(3);
  Generator generator(RespVersion::kResp3, random);
  for (int round = 0; round < 20000; ++round) {
    std::string wire;
    std::vector<std::string> made;
    for (std::size_t replies = 1 + random.below(3); replies > 0; --replies) {
      const std::size_t start = wire.size();
      generator.top_level(wire);
      made.push_back(wire.substr(start));
    }
    ReplyFeed feed(RespVersion::kResp3);
    for (std::size_t at = 0; at < wire.size();) {
      const std::size_t size = 1 + random.below(wire.size());
      feed.feed(std::string_view(wire).substr(at, size));
      at += size;
    }
    ASSERT_FALSE(feed.failed) << feed.scanner().error() << ::testing::PrintToString(wire);
    ASSERT_EQ(feed.replies.size(), made.size());
    for (std::size_t i = 0; i < made.size(); ++i) ASSERT_EQ(feed.replies[i].wire, made[i]);
  }
}

TEST(ReplyOracleTest, AnyBytesAreTheSameRepliesHoweverTheyAreCut) {
  Random random(99);
  for (int round = 0; round < 6000; ++round) {
    const RespVersion version = round % 2 == 0 ? RespVersion::kResp2 : RespVersion::kResp3;
    Generator generator(version, random);
    std::string wire;
    generator.top_level(wire);
    generator.top_level(wire);
    if (wire.size() > 150) continue;
    if (random.below(3) > 0) mutate(wire, random);
    ReplyFeed whole(version);
    whole.feed(wire);
    for_each_cut(wire, [&](const auto& pieces) {
      ReplyFeed feed(version);
      feed.feed_all(pieces);
      ASSERT_EQ(feed.failed, whole.failed) << ::testing::PrintToString(wire);
      ASSERT_EQ(feed.scanner().error(), whole.scanner().error());
      ASSERT_EQ(feed.replies, whole.replies);
    });
  }
}

}  // namespace
}  // namespace respgate::protocol
