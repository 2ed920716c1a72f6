#include "proxy/lane/pipeline.h"

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/protocol/cuts.h"

namespace respgate::proxy {
namespace {

using protocol::ReplyFrame;
using protocol::RespType;
using protocol::RespVersion;

class Collector final : public Pipeline::Sink {
 public:
  void on_reply(RequestPtr&& request, const ReplyFrame& frame) override {
    replies.emplace_back(request->ticket.seq, std::string(frame.wire));
  }
  void on_part(const Request& request, std::string_view bytes) override { parts.emplace_back(request.ticket.seq, std::string(bytes)); }
  void on_confirmation(const Request& request, const ReplyFrame& frame) override {
    confirmations.emplace_back(request.ticket.seq, std::string(frame.wire));
  }
  void on_push(const ReplyFrame& frame) override { pushes.emplace_back(frame.wire); }

  std::vector<std::pair<Seq, std::string>> replies;
  std::vector<std::pair<Seq, std::string>> parts;
  std::vector<std::pair<Seq, std::string>> confirmations;
  std::vector<std::string> pushes;
};

class PipelineTest : public testing::Test {
 protected:
  void push(Pipeline& pipeline, Seq seq, std::string wire = "PING\r\n") {
    RequestPtr request = pool_.take();
    request->ticket.seq = seq;
    request->wire = std::move(wire);
    pipeline.push(std::move(request));
  }
  static void send_all(Pipeline& pipeline) {
    std::array<::iovec, 16> gathered;
    while (pipeline.has_unsent()) {
      std::size_t bytes = 0;
      for (std::size_t i = 0, n = pipeline.gather(gathered); i < n; ++i) bytes += gathered[i].iov_len;
      pipeline.sent(bytes);
    }
  }

  RequestPool pool_;
  Collector sink_;
};

// Copied together or where they are, and however much of it the kernel takes.
TEST_F(PipelineTest, WhatIsGatheredIsTheRequestsInTheirOrder) {
  std::minstd_rand random(7);
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  for (int round = 0; round < 300; ++round) {
    Pipeline pipeline(RespVersion::kResp2);
    std::string expected, written;
    for (std::size_t i = 0, n = 1 + below(40); i < n; ++i) {
      const std::string wire(1 + below(below(5) == 0 ? 2000 : 60), static_cast<char>('a' + i % 26));
      expected += wire;
      push(pipeline, i, wire);
    }
    std::array<char, 1500> room;
    std::array<::iovec, 5> gathered;
    while (pipeline.has_unsent()) {
      const std::size_t entries = pipeline.gather(std::span(gathered).first(1 + below(5)), std::span(room).first(below(room.size())));
      ASSERT_GT(entries, 0U);
      std::string bytes;
      for (const ::iovec& entry : std::span(gathered).first(entries)) bytes.append(static_cast<char*>(entry.iov_base), entry.iov_len);
      bytes.resize(1 + below(bytes.size()));
      pipeline.sent(bytes.size());
      written += bytes;
    }
    ASSERT_EQ(written, expected);
  }
}

TEST_F(PipelineTest, SmallRequestsAreGatheredIntoOneEntry) {
  Pipeline pipeline(RespVersion::kResp2);
  for (Seq seq = 0; seq < 100; ++seq) push(pipeline, seq);
  std::array<char, 4096> room;
  std::array<::iovec, 2> gathered;
  ASSERT_EQ(pipeline.gather(gathered, room), 1U);
  EXPECT_EQ(gathered[0].iov_len, 100 * std::string_view("PING\r\n").size());
}

TEST_F(PipelineTest, RepliesMeetTheirRequestsInOrderHoweverTheBytesAreCut) {
  const std::string wire = "+one\r\n$3\r\ntwo\r\n*2\r\n:1\r\n:2\r\n-ERR four\r\n";
  protocol::for_each_cut(wire, [&](const std::vector<std::string_view>& pieces) {
    Pipeline pipeline(RespVersion::kResp2);
    Collector sink;
    for (Seq seq = 1; seq <= 4; ++seq) push(pipeline, seq);
    send_all(pipeline);
    for (const std::string_view piece : pieces) ASSERT_EQ(pipeline.receive(piece, sink), Pipeline::Fault::kNone);
    ASSERT_EQ(sink.replies.size(), 4u);
    EXPECT_EQ(sink.replies[0], (std::pair<Seq, std::string>{1, "+one\r\n"}));
    EXPECT_EQ(sink.replies[1], (std::pair<Seq, std::string>{2, "$3\r\ntwo\r\n"}));
    EXPECT_EQ(sink.replies[2], (std::pair<Seq, std::string>{3, "*2\r\n:1\r\n:2\r\n"}));
    EXPECT_EQ(sink.replies[3], (std::pair<Seq, std::string>{4, "-ERR four\r\n"}));
    EXPECT_TRUE(pipeline.empty());
  });
}

TEST_F(PipelineTest, AReplyNobodyAskedForIsAFault) {
  Pipeline pipeline(RespVersion::kResp2);
  EXPECT_EQ(pipeline.receive("+OK\r\n", sink_), Pipeline::Fault::kUnsolicited);
  EXPECT_TRUE(sink_.replies.empty());
}

TEST_F(PipelineTest, EvenTheFirstByteOfAReplyNobodyAskedForIsAFault) {
  Pipeline pipeline(RespVersion::kResp2);
  EXPECT_EQ(pipeline.receive("+", sink_), Pipeline::Fault::kUnsolicited);
}

TEST_F(PipelineTest, AReplyToARequestThatIsNotWhollySentIsAFault) {
  Pipeline pipeline(RespVersion::kResp2);
  push(pipeline, 1, "*1\r\n$4\r\nPING\r\n");
  pipeline.sent(3);
  EXPECT_EQ(pipeline.receive("+PONG\r\n", sink_), Pipeline::Fault::kUnsolicited);
  EXPECT_EQ(pipeline.size(), 1u);
}

TEST_F(PipelineTest, OneReplyTooManyIsNotHandedToTheNextRequest) {
  Pipeline pipeline(RespVersion::kResp2);
  push(pipeline, 1);
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive("+mine\r\n+extra\r\n", sink_), Pipeline::Fault::kUnsolicited);
  ASSERT_EQ(sink_.replies.size(), 1u);
  EXPECT_EQ(sink_.replies[0].second, "+mine\r\n");
}

TEST_F(PipelineTest, AReplyOfAKindTheCommandCannotGiveIsAFault) {
  Pipeline pipeline(RespVersion::kResp2);
  RequestPtr request = pool_.take();
  request->wire = "x";
  request->expectation = {protocol::reply_bit(RespType::kInteger), protocol::ReplyExpectation::kAnyLength};
  pipeline.push(std::move(request));
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive("$6\r\nsecret\r\n", sink_), Pipeline::Fault::kWrongShape);
  EXPECT_TRUE(sink_.replies.empty());
  EXPECT_EQ(pipeline.size(), 1u);
}

TEST_F(PipelineTest, AnArrayOfTheWrongLengthIsAFault) {
  Pipeline pipeline(RespVersion::kResp2);
  RequestPtr request = pool_.take();
  request->wire = "x";
  request->expectation = {protocol::reply_bit(RespType::kArray), 2};
  pipeline.push(std::move(request));
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive("*3\r\n:1\r\n:2\r\n:3\r\n", sink_), Pipeline::Fault::kWrongShape);
}

TEST_F(PipelineTest, MalformedBytesAreAFault) {
  Pipeline pipeline(RespVersion::kResp2);
  push(pipeline, 1);
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive("?\r\n", sink_), Pipeline::Fault::kMalformed);
  EXPECT_FALSE(pipeline.fault_text().empty());
}

TEST_F(PipelineTest, PushesTakeNobodysPlace) {
  Pipeline pipeline(RespVersion::kResp3);
  EXPECT_EQ(pipeline.receive(">2\r\n+a\r\n", sink_), Pipeline::Fault::kNone);
  push(pipeline, 7);
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive("+b\r\n+mine\r\n", sink_), Pipeline::Fault::kNone);
  ASSERT_EQ(sink_.pushes.size(), 1u);
  ASSERT_EQ(sink_.replies.size(), 1u);
  EXPECT_EQ(sink_.replies[0], (std::pair<Seq, std::string>{7, "+mine\r\n"}));
}

TEST_F(PipelineTest, GatherGoesOnWhereTheKernelStopped) {
  Pipeline pipeline(RespVersion::kResp2);
  push(pipeline, 1, "abc");
  push(pipeline, 2, "defg");
  pipeline.sent(4);
  std::array<::iovec, 4> gathered;
  ASSERT_EQ(pipeline.gather(gathered), 1u);
  EXPECT_EQ(std::string(static_cast<char*>(gathered[0].iov_base), gathered[0].iov_len), "efg");
  pipeline.sent(3);
  EXPECT_FALSE(pipeline.has_unsent());
}

TEST_F(PipelineTest, PopHandsBackEveryRequestOnce) {
  Pipeline pipeline(RespVersion::kResp2);
  for (Seq seq = 0; seq < 3; ++seq) push(pipeline, seq, "xy");
  pipeline.sent(3);
  EXPECT_EQ(pipeline.pop()->sent, 2u);
  EXPECT_EQ(pipeline.pop()->sent, 1u);
  EXPECT_EQ(pipeline.pop()->sent, 0u);
  EXPECT_TRUE(pipeline.empty());
  EXPECT_FALSE(pipeline.has_unsent());
}

constexpr std::string_view kEcho = "$16\r\n0123456789abcdef\r\n";

RequestPtr guarded(RequestPool& pool, Seq seq, Request::Guard guard) {
  RequestPtr request = pool.take();
  request->ticket.seq = seq;
  request->wire = "x";
  request->guard = guard;
  std::copy_n("0123456789abcdef", 16, request->nonce.begin());
  return request;
}

TEST_F(PipelineTest, AGuardedReplyLeavesOnlyBehindItsEcho) {
  protocol::for_each_cut(std::string(":1\r\n") + std::string(kEcho), [&](const std::vector<std::string_view>& pieces) {
    Pipeline pipeline(RespVersion::kResp2);
    Collector sink;
    pipeline.push(guarded(pool_, 5, Request::Guard::kGuarded));
    send_all(pipeline);
    for (const std::string_view piece : pieces) {
      ASSERT_TRUE(sink.replies.empty());
      ASSERT_EQ(pipeline.receive(piece, sink), Pipeline::Fault::kNone);
    }
    ASSERT_EQ(sink.replies.size(), 1u);
    EXPECT_EQ(sink.replies[0], (std::pair<Seq, std::string>{5, ":1\r\n"}));
  });
}

TEST_F(PipelineTest, AReplyMayComeBeforeTheEchoIsSentButNotBeforeItsCommandIs) {
  for (const std::size_t sent : {std::size_t{5}, std::size_t{6}, std::size_t{9}}) {
    Pipeline pipeline(RespVersion::kResp2);
    Collector sink;
    RequestPtr request = guarded(pool_, 5, Request::Guard::kGuarded);
    request->wire =
        "GET k\n"
        "ECHO nonce\n";
    request->command_bytes = 6;
    pipeline.push(std::move(request));
    pipeline.sent(sent);
    const auto fault = pipeline.receive(":1\r\n", sink);
    EXPECT_EQ(fault, sent < 6 ? Pipeline::Fault::kUnsolicited : Pipeline::Fault::kNone) << sent;
    EXPECT_TRUE(sink.replies.empty());
    if (sent < 6) continue;
    EXPECT_EQ(pipeline.receive("$", sink), Pipeline::Fault::kUnsolicited) << "the echo was not asked for yet";
  }
}

TEST_F(PipelineTest, AReplyTooManyBehindAGuardedRequestIsNeverPassedOn) {
  Pipeline pipeline(RespVersion::kResp2);
  pipeline.push(guarded(pool_, 1, Request::Guard::kGuarded));
  pipeline.push(guarded(pool_, 2, Request::Guard::kGuarded));
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive(":1\r\n:1\r\n", sink_), Pipeline::Fault::kWrongNonce);
  EXPECT_TRUE(sink_.replies.empty());
  EXPECT_EQ(pipeline.size(), 2u);
}

TEST_F(PipelineTest, AReplyMissingBeforeAnEchoIsNoticed) {
  Pipeline pipeline(RespVersion::kResp2);
  pipeline.push(guarded(pool_, 1, Request::Guard::kGuarded));
  pipeline.push(guarded(pool_, 2, Request::Guard::kGuarded));
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive(std::string(kEcho) + ":2\r\n", sink_), Pipeline::Fault::kWrongNonce);
  EXPECT_TRUE(sink_.replies.empty());
}

TEST_F(PipelineTest, AProbeIsAnsweredToNobody) {
  Pipeline pipeline(RespVersion::kResp2);
  push(pipeline, 1);
  pipeline.push(guarded(pool_, 0, Request::Guard::kProbe));
  push(pipeline, 2);
  send_all(pipeline);
  EXPECT_EQ(pipeline.receive("+a\r\n" + std::string(kEcho) + "+b\r\n", sink_), Pipeline::Fault::kNone);
  ASSERT_EQ(sink_.replies.size(), 2u);
  EXPECT_EQ(sink_.replies[1], (std::pair<Seq, std::string>{2, "+b\r\n"}));
}

TEST_F(PipelineTest, AProbeThatIsNotEchoedEndsTheLane) {
  const std::vector<std::pair<std::string, Pipeline::Fault>> answers{{"$16\r\n0123456789abcdeX\r\n", Pipeline::Fault::kWrongNonce},
                                                                     {"$3\r\nabc\r\n", Pipeline::Fault::kWrongNonce},
                                                                     {"+0123456789abcdef\r\n", Pipeline::Fault::kWrongNonce},
                                                                     {"-NOPERM no\r\n", Pipeline::Fault::kNoEcho}};
  for (const auto& [answer, fault] : answers) {
    Pipeline pipeline(RespVersion::kResp2);
    pipeline.push(guarded(pool_, 0, Request::Guard::kProbe));
    send_all(pipeline);
    EXPECT_EQ(pipeline.receive(answer, sink_), fault) << answer;
  }
  EXPECT_TRUE(sink_.replies.empty());
}

TEST_F(PipelineTest, AServerThatRefusesEverythingRefusesItsProbesToo) {
  for (const std::string refusal : {"-BUSY a script\r\n", "-LOADING\r\n", "-MASTERDOWN Link\r\n"}) {
    Pipeline pipeline(RespVersion::kResp2);
    Collector sink;
    pipeline.push(guarded(pool_, 0, Request::Guard::kProbe));
    push(pipeline, 1);
    pipeline.push(guarded(pool_, 0, Request::Guard::kProbe));
    send_all(pipeline);
    EXPECT_EQ(pipeline.receive(refusal + "+a\r\n$3\r\nabc\r\n", sink), Pipeline::Fault::kWrongNonce) << "only while it lasts";
    EXPECT_EQ(sink.replies, (std::vector<std::pair<Seq, std::string>>{{1, "+a\r\n"}}));
  }
}

TEST_F(PipelineTest, BehindARefusedEchoOnlyTheLikeRefusalIsLetGo) {
  const std::string busy = "-BUSY a script\r\n";
  for (const std::string& reply : {busy, std::string("$1\r\nx\r\n"), std::string("-LOADING\r\n"), std::string("-ERR no\r\n")}) {
    Pipeline pipeline(RespVersion::kResp2);
    Collector sink;
    pipeline.push(guarded(pool_, 1, Request::Guard::kGuarded));
    send_all(pipeline);
    EXPECT_EQ(pipeline.receive(reply + busy, sink), reply == busy ? Pipeline::Fault::kNone : Pipeline::Fault::kWrongNonce) << reply;
    EXPECT_EQ(sink.replies.size(), reply == busy ? 1u : 0u) << reply;
  }
}

TEST(RequestPoolTest, AGrownRequestGivesItsMemoryBack) {
  RequestPool pool;
  {
    RequestPtr small = pool.take();
    small->wire = "x";
    RequestPtr large = pool.take();
    large->wire.assign(RequestPool::kKeptBytes + 1, 'x');
  }
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_TRUE(pool.take()->wire.empty());
}

}  // namespace
}  // namespace respgate::proxy
