// Replies that are too large to be kept: what of them is passed on before they are whole, and what never is.
#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/reply_writer.h"
#include "proxy/lane/pipeline.h"

namespace respgate::proxy {
namespace {

using protocol::ReplyFrame;
using protocol::RespType;
using protocol::RespVersion;
using Fault = Pipeline::Fault;

// What each request was answered with in all, and of that before its end.
class Listener final : public Pipeline::Sink {
 public:
  void on_reply(RequestPtr&& request, const ReplyFrame& frame) override {
    replies.emplace_back(request->ticket.seq, std::exchange(begun, {}) + std::string(frame.wire));
    if (when_replied) when_replied();
  }
  void on_part(const Request& request, std::string_view bytes) override {
    EXPECT_TRUE(request.begun);
    begun += bytes;
    ++parts;
    if (when_begun) when_begun();
  }
  void on_confirmation(const Request& /*request*/, const ReplyFrame& /*frame*/) override {}
  void on_push(const ReplyFrame& frame) override { pushes.emplace_back(frame.wire); }

  std::vector<std::pair<Seq, std::string>> replies;
  std::vector<std::string> pushes;
  std::string begun;
  std::size_t parts = 0;
  std::function<void()> when_begun, when_replied;
};

class PipelinePartsTest : public testing::Test {
 protected:
  RequestPtr request(Seq seq) {
    RequestPtr request = pool_.take();
    request->ticket = {{static_cast<std::uint32_t>(seq), 0}, seq};
    request->wire = "x\r\n";
    return request;
  }
  static void send(Pipeline& pipeline, RequestPtr request) {
    const std::size_t bytes = request->wire.size();
    pipeline.push(std::move(request));
    pipeline.sent(bytes);
  }

  RequestPool pool_;
  Listener listener_;
};

std::string bulk(std::size_t size, char sign = '$') {
  std::string text = sign == '=' ? "txt:" : "";
  while (text.size() < size) text += "\r\n+OK\r\n$5\r\n" + std::to_string(text.size());
  text.resize(size);
  return sign + std::to_string(size) + "\r\n" + text + "\r\n";
}

std::string aggregate(char sign, std::size_t elements, std::string_view element) {
  std::string wire = sign + std::to_string(sign == '%' || sign == '|' ? elements / 2 : elements) + "\r\n";
  for (std::size_t i = 0; i < elements; ++i) wire += element;
  return wire;
}

constexpr std::size_t kRead = 64 * 1024;  // what a lane reads at once

// Positions at which a stream is cut in two: around every multiple of a third of what is kept, and at its ends.
std::vector<std::size_t> cuts_of(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t middle = 0; middle <= size; middle += Pipeline::kKeptReply / 3)
    for (std::size_t cut = std::max<std::size_t>(middle, 3) - 3; cut <= std::min(middle + 3, size); ++cut) cuts.push_back(cut);
  for (std::size_t cut = size - std::min<std::size_t>(size, 8); cut <= size; ++cut) cuts.push_back(cut);
  return cuts;
}

TEST_F(PipelinePartsTest, LargeRepliesAreTheSameInPartsAndHardlyAnyOfThemIsKept) {
  const std::string small = "+OK\r\n";
  for (const std::string& large : {bulk(300'000), bulk(150'000, '='), aggregate('*', 90'000, ":7\r\n"), aggregate('~', 40, bulk(5'000)),
                                   aggregate('%', 4, bulk(70'000)), aggregate('*', 3, aggregate('*', 2, bulk(40'000))),
                                   "|1\r\n+k\r\n+v\r\n" + bulk(200'000), aggregate('|', 4, bulk(50'000)) + bulk(9)}) {
    const std::string stream = small + large + small;
    for (const std::size_t cut : cuts_of(stream.size())) {
      Pipeline pipeline(RespVersion::kResp3);
      listener_ = {};
      for (Seq seq = 0; seq < 3; ++seq) send(pipeline, request(seq));
      for (std::string_view rest = stream; !rest.empty();) {
        const std::size_t sent = stream.size() - rest.size();
        const std::size_t piece = std::min(sent < cut ? cut - sent : rest.size(), kRead);
        ASSERT_EQ(pipeline.receive(rest.substr(0, piece), listener_), Fault::kNone) << pipeline.fault_text();
        rest.remove_prefix(std::min(piece, rest.size()));
        ASSERT_TRUE(large.starts_with('|') || pipeline.buffered_bytes() <= 2 * (Pipeline::kKeptReply + kRead)) << pipeline.buffered_bytes();
      }
      ASSERT_EQ(listener_.replies, (std::vector<std::pair<Seq, std::string>>{{0, small}, {1, large}, {2, small}}))
          << large.substr(0, 20) << cut;
    }
  }
}

TEST_F(PipelinePartsTest, ComesByTheByte) {
  Pipeline pipeline(RespVersion::kResp2);
  const std::string large = aggregate('*', 3, bulk(40'000));
  send(pipeline, request(0));
  for (const char& byte : large) ASSERT_EQ(pipeline.receive({&byte, 1}, listener_), Fault::kNone);
  EXPECT_GT(listener_.parts, 2u);
  EXPECT_EQ(listener_.replies, (std::vector<std::pair<Seq, std::string>>{{0, large}}));
}

TEST_F(PipelinePartsTest, WhatIsKeptIsWhole) {
  Pipeline pipeline(RespVersion::kResp3);
  send(pipeline, request(0));
  const std::string almost = bulk(Pipeline::kKeptReply - 100);
  ASSERT_EQ(pipeline.receive(almost.substr(0, almost.size() - 1), listener_), Fault::kNone);
  EXPECT_EQ(listener_.parts, 0u);
  ASSERT_EQ(pipeline.receive(almost.substr(almost.size() - 1), listener_), Fault::kNone);
  EXPECT_EQ(listener_.replies.size(), 1u);
}

TEST_F(PipelinePartsTest, IsJudgedAtItsFirstPart) {
  Pipeline pipeline(RespVersion::kResp2);
  RequestPtr get = request(0);
  get->expectation = {protocol::reply_bit(RespType::kInteger), {}};
  send(pipeline, std::move(get));
  EXPECT_EQ(pipeline.receive(bulk(100'000).substr(0, 90'000), listener_), Fault::kWrongShape);
  EXPECT_EQ(listener_.parts, 0u);
}

TEST_F(PipelinePartsTest, AFaultInItIsAFault) {
  Pipeline pipeline(RespVersion::kResp2);
  send(pipeline, request(0));
  const std::string begun = aggregate('*', 3, bulk(70'000));
  ASSERT_EQ(pipeline.receive(begun.substr(0, 100'000), listener_), Fault::kNone);
  EXPECT_GT(listener_.parts, 0u);
  EXPECT_EQ(pipeline.receive(std::string(60'000, 'x'), listener_), Fault::kMalformed);
  EXPECT_TRUE(pipeline.front().begun);  // so that no error is put into its middle
}

// The end of a message, of an error or of a reply that is to be edited decides what it is for.
TEST_F(PipelinePartsTest, SomeAreNeverPassedOnInParts) {
  const std::string large = bulk(100'000);
  const std::string message = aggregate('>', 3, large);
  const auto expect_whole = [&](Pipeline& pipeline, const std::string& wire) {
    listener_ = {};
    ASSERT_EQ(pipeline.receive(wire.substr(0, wire.size() - 1), listener_), Fault::kNone) << pipeline.fault_text();
    EXPECT_EQ(listener_.parts, 0u) << wire.substr(0, 40);
    ASSERT_EQ(pipeline.receive(wire.substr(wire.size() - 1), listener_), Fault::kNone) << pipeline.fault_text();
    EXPECT_EQ(listener_.parts, 0u);
    EXPECT_EQ(listener_.replies.size() + listener_.pushes.size(), 1u);
  };
  Pipeline pipeline(RespVersion::kResp3);
  send(pipeline, request(0));
  expect_whole(pipeline, message);
  expect_whole(pipeline, bulk(100'000, '!'));
  RequestPtr exec = request(1);
  exec->reading = Request::Reading::kExec;
  send(pipeline, std::move(exec));
  expect_whole(pipeline, aggregate('*', 2, large));
  RequestPtr guarded = request(2);
  guarded->guard = Request::Guard::kGuarded;
  guarded->command_bytes = 1;
  guarded->nonce.fill('n');
  send(pipeline, std::move(guarded));
  ASSERT_EQ(pipeline.receive(large.substr(0, 90'000), listener_), Fault::kNone);
  EXPECT_EQ(listener_.parts, 0u);

  Pipeline old(RespVersion::kResp2);
  RequestPtr subscribe = request(3);
  subscribe->confirmation = "subscribe";
  subscribe->confirmations = 1;
  send(old, std::move(subscribe));
  expect_whole(old, "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  expect_whole(old, "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n" + large);
}

TEST_F(PipelinePartsTest, MayBeEndedFromInside) {
  Pipeline pipeline(RespVersion::kResp2);
  send(pipeline, request(0));
  send(pipeline, request(1));
  listener_.when_begun = [&] {
    while (!pipeline.empty()) pipeline.pop();
  };
  EXPECT_EQ(pipeline.receive(bulk(100'000).substr(0, 90'000), listener_), Fault::kNone);
  EXPECT_EQ(listener_.parts, 1u);
}

TEST_F(PipelinePartsTest, OfARequestThatComesInPartsLittleIsKept) {
  Pipeline pipeline(RespVersion::kResp2);
  RequestPtr large = request(0);
  large->wire = "*3\r\n";
  large->unfinished = true;
  pipeline.push(std::move(large));
  std::string given = "*3\r\n", taken;
  const auto take = [&](std::size_t at_most) {
    std::array<::iovec, 4> gathered;
    if (pipeline.gather(gathered) == 0) return false;
    const std::size_t bytes = std::min(gathered[0].iov_len, at_most);
    taken.append(static_cast<const char*>(gathered[0].iov_base), bytes);
    pipeline.sent(bytes);
    return true;
  };
  for (int i = 0; i < 400; ++i) {  // whoever sends is always ahead
    const std::string piece(50'000, static_cast<char>('a' + i % 26));
    if (unsent_bytes(pipeline.back()) < 256'000) pipeline.feed(piece, false), given += piece;
    ASSERT_TRUE(take(30'000));
    ASSERT_LE(pipeline.back().wire.size(), 1'000'000u);
  }
  while (pipeline.has_unsent()) take(30'000);
  EXPECT_FALSE(take(1)) << "nothing is here";
  EXPECT_EQ(pipeline.receive("+OK\r\n", listener_), Fault::kUnsolicited);
  pipeline.feed("\r\n", true);
  given += "\r\n";
  while (pipeline.has_unsent()) take(1);
  EXPECT_TRUE(given == taken);
}

TEST_F(PipelinePartsTest, KnowsWhetherOthersWait) {
  Pipeline pipeline(RespVersion::kResp2);
  send(pipeline, request(7));
  EXPECT_FALSE(pipeline.holds_up_others());
  RequestPtr probe = request(8);
  probe->guard = Request::Guard::kProbe;
  send(pipeline, std::move(probe));
  send(pipeline, request(7));
  EXPECT_FALSE(pipeline.holds_up_others());
  send(pipeline, request(9));
  EXPECT_TRUE(pipeline.holds_up_others());
}

}  // namespace
}  // namespace respgate::proxy
