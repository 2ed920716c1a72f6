#include "protocol/out_of_band.h"

#include <optional>
#include <string_view>

#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

ReplyFrame frame_of(std::string_view wire) {
  ReplyScanner scanner(RespVersion::kResp3);
  EXPECT_EQ(scanner.scan(wire), ReplyScanner::Status::kComplete) << wire;
  return scanner.frame();
}

TEST(OutOfBandTest, AKindIsTheFirstElementIfThatIsAString) {
  struct Row {
    std::string_view wire;
    std::string_view kind;
  };
  for (const Row& row : {Row{">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", "message"}, Row{"*2\r\n$4\r\npong\r\n$0\r\n\r\n", "pong"},
                         Row{"|1\r\n+a\r\n+b\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n", "invalidate"}, Row{"*1\r\n$-1\r\n", ""},
                         Row{"*1\r\n:7\r\n", ""}, Row{"*0\r\n", ""}, Row{"*-1\r\n", ""}, Row{"*1\r\n$0\r\n\r\n", ""}}) {
    EXPECT_EQ(kind_of(frame_of(row.wire)), row.kind) << row.wire;
  }
}

TEST(OutOfBandTest, AConfirmationSaysHowManyAreLeft) {
  struct Row {
    std::string_view wire;
    std::optional<std::int64_t> left;
  };
  for (const Row& row : {Row{"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:12\r\n", 12}, Row{">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n", 0},
                         Row{"*3\r\n$9\r\nsubscribe\r\n$4\r\n:9\r\n\r\n:1\r\n", 1}, Row{"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n+x\r\n", {}},
                         Row{"*2\r\n$9\r\nsubscribe\r\n:1\r\n", {}}}) {
    EXPECT_EQ(subscriptions_left(frame_of(row.wire)), row.left) << row.wire;
  }
}

TEST(OutOfBandTest, OnlyTheThreeKindsOfMessagesAreMessages) {
  for (const std::string_view kind : {"message", "pmessage", "smessage"}) EXPECT_TRUE(is_message(kind));
  for (const std::string_view kind : {"", "subscribe", "Message", "messages", "invalidate"}) EXPECT_FALSE(is_message(kind)) << kind;
}

}  // namespace
}  // namespace respgate::protocol
