// A lane that one client has for itself: confirmations, messages, and who is who.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/lane/pipeline.h"
#include "tests/protocol/cuts.h"

namespace respgate::proxy {
namespace {

using protocol::ReplyFrame;
using protocol::RespVersion;
using Fault = Pipeline::Fault;

// Everything that comes out, in its order: "reply 1 …", "part 1 …", "push …".
class Transcript final : public Pipeline::Sink {
 public:
  void on_reply(RequestPtr&& request, const ReplyFrame& frame) override { say("reply " + std::to_string(request->ticket.seq), frame); }
  void on_part(const Request& /*request*/, std::string_view /*bytes*/) override { lines.emplace_back("part that is not whole"); }
  void on_confirmation(const Request& request, const ReplyFrame& frame) override {
    say("part " + std::to_string(request.ticket.seq), frame);
  }
  void on_push(const ReplyFrame& frame) override { say("push", frame); }

  std::vector<std::string> lines;

 private:
  void say(const std::string& what, const ReplyFrame& frame) { lines.push_back(what + " " + std::string(frame.wire)); }
};

class PipelineSubscriptionTest : public testing::Test {
 protected:
  void ask(Pipeline& pipeline, Seq seq, std::string_view confirmation = {}, std::uint32_t confirmations = 0) {
    RequestPtr request = pool_.take();
    request->ticket.seq = seq;
    request->wire = "x\r\n";
    request->confirmation = confirmation;
    request->confirmations = confirmations;
    pipeline.push(std::move(request));
    pipeline.sent(3);
  }

  RequestPool pool_;
};

std::string array(char sign, std::initializer_list<std::string_view> words, int last) {
  std::string wire = sign + std::to_string(words.size() + 1) + "\r\n";
  for (const std::string_view word : words) wire += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  return wire + ":" + std::to_string(last) + "\r\n";
}
std::string message(char sign, std::string_view text) {
  return std::string(1, sign) + "3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

TEST_F(PipelineSubscriptionTest, ConfirmationsAndMessagesInterleaveHoweverTheBytesAreCut) {
  for (const char sign : {'*', '>'}) {
    const std::string first = array(sign, {"subscribe", "c"}, 1);
    const std::string second = array(sign, {"subscribe", "d"}, 2);
    const std::string news = message(sign, "m");
    const std::string wire = first + news + second + news;
    protocol::for_each_cut(wire, [&](const std::vector<std::string_view>& pieces) {
      Pipeline pipeline(sign == '*' ? RespVersion::kResp2 : RespVersion::kResp3);
      Transcript transcript;
      ask(pipeline, 1, "subscribe", 2);
      for (const std::string_view piece : pieces) ASSERT_EQ(pipeline.receive(piece, transcript), Fault::kNone);
      EXPECT_EQ(transcript.lines, (std::vector{"part 1 " + first, "push " + news, "reply 1 " + second, "push " + news}));
      EXPECT_TRUE(pipeline.empty());
    });
  }
}

TEST_F(PipelineSubscriptionTest, MessagesMayComeWhileNothingIsAskedButOnlyToSubscribers) {
  Pipeline pipeline(RespVersion::kResp2);
  Transcript transcript;
  ask(pipeline, 1, "subscribe", 1);
  EXPECT_EQ(pipeline.receive(array('*', {"subscribe", "c"}, 1) + message('*', "m"), transcript), Fault::kNone);
  EXPECT_EQ(pipeline.receive("*2\r\n$5\r\nother\r\n:1\r\n", transcript), Fault::kUnsolicited);
  EXPECT_EQ(transcript.lines.size(), 2u);

  Pipeline silent(RespVersion::kResp2);
  EXPECT_EQ(silent.receive(message('*', "m"), transcript), Fault::kUnsolicited);
}

TEST_F(PipelineSubscriptionTest, AfterTheLastSubscriptionAnArrayIsAReplyAgain) {
  Pipeline pipeline(RespVersion::kResp2);
  Transcript transcript;
  ask(pipeline, 1, "subscribe", 1);
  ask(pipeline, 2, "unsubscribe", 1);
  ask(pipeline, 3);
  const std::string looks_like_one = message('*', "forged");
  ASSERT_EQ(pipeline.receive(array('*', {"subscribe", "c"}, 1) + array('*', {"unsubscribe", "c"}, 0) + looks_like_one, transcript),
            Fault::kNone);
  EXPECT_EQ(transcript.lines.back(), "reply 3 " + looks_like_one);
}

TEST_F(PipelineSubscriptionTest, InResp3AnArrayIsNeverAMessage) {
  Pipeline pipeline(RespVersion::kResp3);
  Transcript transcript;
  ask(pipeline, 1, "subscribe", 1);
  ask(pipeline, 2);
  const std::string looks_like_one = message('*', "forged");
  ASSERT_EQ(pipeline.receive(array('>', {"subscribe", "c"}, 1) + looks_like_one, transcript), Fault::kNone);
  EXPECT_EQ(transcript.lines.back(), "reply 2 " + looks_like_one);
}

TEST_F(PipelineSubscriptionTest, ShardChannelsAreCountedApart) {
  Pipeline pipeline(RespVersion::kResp2);
  Transcript transcript;
  ask(pipeline, 1, "ssubscribe", 1);
  ask(pipeline, 2, "subscribe", 1);
  ask(pipeline, 3, "unsubscribe", 1);
  ASSERT_EQ(pipeline.receive(array('*', {"ssubscribe", "s"}, 1) + array('*', {"subscribe", "c"}, 1) + array('*', {"unsubscribe", "c"}, 0),
                             transcript),
            Fault::kNone);
  EXPECT_EQ(pipeline.receive("*3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\nm\r\n", transcript), Fault::kNone);
  EXPECT_TRUE(transcript.lines.back().starts_with("push "));
}

TEST_F(PipelineSubscriptionTest, AnErrorAnswersAllConfirmationsAtOnce) {
  Pipeline pipeline(RespVersion::kResp2);
  Transcript transcript;
  ask(pipeline, 1, "subscribe", 3);
  ASSERT_EQ(pipeline.receive("-NOPERM no\r\n", transcript), Fault::kNone);
  EXPECT_EQ(transcript.lines, (std::vector<std::string>{"reply 1 -NOPERM no\r\n"}));
}

TEST_F(PipelineSubscriptionTest, AnythingElseThanTheConfirmationIsAFault) {
  for (const std::string& wire : {std::string("+OK\r\n"), array('*', {"psubscribe", "c"}, 1), array('*', {"unsubscribe", "c"}, 0),
                                  std::string("*2\r\n$9\r\nsubscribe\r\n:1\r\n"), std::string("*0\r\n"), std::string("$1\r\na\r\n")}) {
    Pipeline pipeline(RespVersion::kResp2);
    Transcript transcript;
    ask(pipeline, 1, "subscribe", 1);
    EXPECT_EQ(pipeline.receive(wire, transcript), Fault::kWrongShape) << wire;
    EXPECT_TRUE(transcript.lines.empty()) << wire;
  }
}

TEST_F(PipelineSubscriptionTest, HelloChangesWhatAMessageLooksLike) {
  Pipeline pipeline(RespVersion::kResp3);
  Transcript transcript;
  ask(pipeline, 1, "subscribe", 1);
  RequestPtr hello = pool_.take();
  hello->ticket.seq = 2;
  hello->wire = "x\r\n";
  hello->reading = Request::Reading::kHello;
  pipeline.push(std::move(hello));
  pipeline.sent(3);
  const std::string before = message('>', "1");
  const std::string after = message('*', "2");
  ASSERT_EQ(pipeline.receive(array('>', {"subscribe", "c"}, 1) + before + "*2\r\n$5\r\nproto\r\n:2\r\n" + after, transcript), Fault::kNone);
  EXPECT_EQ(transcript.lines[1], "push " + before);
  EXPECT_EQ(transcript.lines[3], "push " + after);
}

}  // namespace
}  // namespace respgate::proxy
