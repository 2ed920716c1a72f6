#include "protocol/reply_scanner.h"

#include <string>

#include "tests/protocol/reply_feed.h"

namespace respgate::protocol {
namespace {

using namespace std::string_literals;
using Status = ReplyScanner::Status;

constexpr RespVersion k2 = RespVersion::kResp2;
constexpr RespVersion k3 = RespVersion::kResp3;

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += text;
  return all;
}

ReplyFrame frame_with(RespType type) {
  ReplyFrame frame;
  frame.type = type;
  return frame;
}

// ---- what a reply is

TEST(ReplyScannerTest, LinesEndAtTheirCrlf) {
  for (const RespVersion version : {k2, k3}) {
    expect_reply(version, "+OK\r\n", RespType::kSimple, 0);
    expect_reply(version, "+\r\n", RespType::kSimple, 0);
    expect_reply(version, "+a\0\xff b\r\n"s, RespType::kSimple, 0);
    expect_reply(version, "-ERR no\r\n", RespType::kError, 0);
    expect_reply(version, ":0\r\n", RespType::kInteger, 0);
  }
}

TEST(ReplyScannerTest, IntegersFitSixtyFourBits) {
  for (const std::string_view text : {"0", "1", "-1", "+1", "+0", "9223372036854775807", "-9223372036854775808", "+9223372036854775807"})
    expect_reply(k2, ":" + std::string(text) + "\r\n", RespType::kInteger, 0);
  for (const std::string_view text : {"", "-", "+", "00", "01", "-0", "-01", "+01", " 1", "1 ", "1x", "--1", "+-1", "1.0",
                                      "9223372036854775808", "-9223372036854775809", "99999999999999999999999"})
    expect_malformed(k2, ":" + std::string(text) + "\r\n", "malformed line");
}

TEST(ReplyScannerTest, BulksEndBehindTheirBytes) {
  for (const RespVersion version : {k2, k3}) {
    expect_reply(version, "$0\r\n\r\n", RespType::kBulk, 0);
    expect_reply(version, "$5\r\nhello\r\n", RespType::kBulk, 5);
    expect_reply(version, "$12\r\n\r\n+OK\r\n$-1\r\n\r\n", RespType::kBulk, 12);
  }
}

TEST(ReplyScannerTest, NullsAreReplies) {
  for (const RespVersion version : {k2, k3}) {
    expect_reply(version, "$-1\r\n", RespType::kBulk, ReplyFrame::kNullLength);
    expect_reply(version, "*-1\r\n", RespType::kArray, ReplyFrame::kNullLength);
    expect_reply(version, "*2\r\n$-1\r\n*-1\r\n", RespType::kArray, 2);
  }
  expect_reply(k3, "_\r\n", RespType::kNull, 0);
  expect_malformed(k3, "_x\r\n", "malformed line");
}

TEST(ReplyScannerTest, ArraysEndBehindTheirLastElement) {
  for (const RespVersion version : {k2, k3}) {
    expect_reply(version, "*0\r\n", RespType::kArray, 0);
    expect_reply(version, "*3\r\n:1\r\n$1\r\nx\r\n+y\r\n", RespType::kArray, 3);
    expect_reply(version, "*2\r\n*0\r\n*2\r\n*1\r\n:1\r\n*0\r\n", RespType::kArray, 2);
    expect_reply(version, "*1\r\n-ERR within\r\n", RespType::kArray, 1);
  }
}

TEST(ReplyScannerTest, MapsHoldTwiceTheirLength) {
  expect_reply(k3, "%0\r\n", RespType::kMap, 0);
  expect_reply(k3, "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", RespType::kMap, 2);
}

TEST(ReplyScannerTest, SetsHoldTheirLength) {
  expect_reply(k3, "~0\r\n", RespType::kSet, 0);
  expect_reply(k3, "~2\r\n+a\r\n%1\r\n+b\r\n_\r\n", RespType::kSet, 2);
}

TEST(ReplyScannerTest, PushesAreReplies) {
  expect_reply(k3, ">3\r\n+message\r\n$1\r\nc\r\n$1\r\nm\r\n", RespType::kPush, 3);
  EXPECT_TRUE(frame_with(RespType::kPush).is_push());
  EXPECT_FALSE(frame_with(RespType::kArray).is_push());
}

// Clients disagree on whether such a push counts as an element.
TEST(ReplyScannerTest, APushWithinAReplyIsRefused) {
  expect_malformed(k3, "*1\r\n>1\r\n", "push within a reply");
  expect_malformed(k3, "|1\r\n>1\r\n", "push within a reply");
}

TEST(ReplyScannerTest, DoublesAreDecimal) {
  for (const std::string_view text :
       {"0", "-0", "1", "1.5", "-1.5", "+1.5", "1e10", "1.5E-10", "1e+5", "007", "inf", "-inf", "nan", "-nan", "3.1400000000000001"})
    expect_reply(k3, "," + std::string(text) + "\r\n", RespType::kDouble, 0);
  for (const std::string_view text :
       {"", "-", ".", ".5", "5.", "1e", "1e+", "1.5.5", "0x1", "Inf", "infinity", "nan(1)", "1 ", " 1", "1,5", "e5"})
    expect_malformed(k3, "," + std::string(text) + "\r\n", "malformed line");
}

TEST(ReplyScannerTest, BooleansAreTOrF) {
  expect_reply(k3, "#t\r\n", RespType::kBoolean, 0);
  expect_reply(k3, "#f\r\n", RespType::kBoolean, 0);
  for (const std::string_view text : {"", "T", "true", "1", "x"}) expect_malformed(k3, "#" + std::string(text) + "\r\n", "malformed line");
}

TEST(ReplyScannerTest, BigNumbersHaveAnyNumberOfDigits) {
  for (const std::string_view text : {"0", "-1", "+1", "3492890328409238509324850943850943825024385"})
    expect_reply(k3, "(" + std::string(text) + "\r\n", RespType::kBigNumber, 0);
  for (const std::string_view text : {"", "-", "-0", "01", "1.0", "1e5"})
    expect_malformed(k3, "(" + std::string(text) + "\r\n", "malformed line");
}

TEST(ReplyScannerTest, VerbatimStringsSayTheirFormat) {
  expect_reply(k3, "=8\r\ntxt:a\r\nb\r\n", RespType::kVerbatim, 8);
  expect_reply(k3, "=4\r\nmkd:\r\n", RespType::kVerbatim, 4);
  expect_malformed(k3, "=3\r\ntxt\r\n", "verbatim string without its format");
  expect_malformed(k3, "=0\r\n\r\n", "verbatim string without its format");
  expect_malformed(k3, "=5\r\ntext:\r\n", "verbatim string without its format");
}

TEST(ReplyScannerTest, BlobErrorsAreErrorsOfAnyBytes) {
  expect_reply(k3, "!21\r\nSYNTAX invalid syntax\r\n", RespType::kBlobError, 21);
  EXPECT_TRUE(frame_with(RespType::kBlobError).is_error());
  EXPECT_TRUE(frame_with(RespType::kError).is_error());
  EXPECT_FALSE(frame_with(RespType::kSimple).is_error());
}

// ---- attributes

TEST(ReplyScannerTest, AnAttributeBelongsToTheReplyBehindIt) {
  expect_reply(k3, "|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n", RespType::kBulk, 1, 14);
  expect_reply(k3, "|2\r\n+a\r\n%1\r\n+b\r\n:1\r\n+c\r\n*0\r\n*1\r\n:1\r\n", RespType::kArray, 1, 28);
  expect_reply(k3, "|0\r\n+OK\r\n", RespType::kSimple, 0, 4);
  expect_reply(k3, "|1\r\n+a\r\n:1\r\n>1\r\n+b\r\n", RespType::kPush, 1, 12);
  expect_unfinished_reply(k3, "|1\r\n+ttl\r\n:3\r\n");
}

TEST(ReplyScannerTest, AnAttributeWithinAnAggregateIsNoElementOfIt) {
  expect_reply(k3, "*2\r\n|1\r\n+a\r\n:1\r\n:2\r\n:3\r\n", RespType::kArray, 2);
  expect_reply(k3, "*2\r\n:1\r\n|1\r\n+a\r\n:1\r\n*0\r\n", RespType::kArray, 2);
  expect_reply(k3, "%1\r\n|0\r\n+k\r\n|1\r\n+a\r\n|1\r\n+b\r\n:1\r\n:2\r\n+v\r\n", RespType::kMap, 1);
}

TEST(ReplyScannerTest, AnAttributeOfAnAttributeIsRefused) {
  expect_malformed(k3, "|0\r\n|0\r\n+OK\r\n", "attribute behind an attribute");
  expect_malformed(k3, "|1\r\n+a\r\n:1\r\n|0\r\n+OK\r\n", "attribute behind an attribute");
}

// ---- what a reply is not

TEST(ReplyScannerTest, Resp2KnowsFiveTypes) {
  for (const char type : "_,#(=!%~|>"s) expect_malformed(k2, std::string(1, type), "type unknown to RESP2");
  expect_malformed(k2, "*1\r\n_\r\n", "type unknown to RESP2");
  expect_malformed(k2, "HTTP/1.1 200 OK\r\n", "type unknown to RESP2");
}

TEST(ReplyScannerTest, UnknownTypesAreRefused) {
  for (const char type : ";.@PING\0\r\n \xff"s) expect_malformed(k3, std::string(1, type), "type unknown");
}

TEST(ReplyScannerTest, StreamedTypesAreRefused) {
  for (const char type : "$*%~>=!|"s) expect_malformed(k3, std::string(1, type) + "?\r\n", "streamed type");
}

TEST(ReplyScannerTest, LengthsHaveOneSpelling) {
  for (const char type : "$*%~>=!|"s)
    for (const std::string_view length : {"", "+1", "01", "-0", " 1", "1 ", "1x", "-", "\n", "9223372036854775808", "99999999999999999999"})
      expect_malformed(k3, type + std::string(length) + "\r\n", "length not a number");
}

TEST(ReplyScannerTest, EndlessLengthsAreRefused) {
  expect_malformed(k2, "$" + std::string(40, '1'), "length too long");
  expect_malformed(k2, "*" + std::string(40, '1'), "length too long");
}

TEST(ReplyScannerTest, NegativeLengthsAreRefusedButForTheTwoNulls) {
  for (const std::string_view head :
       {"$-2", "*-2", "%-1", "~-1", ">-1", "=-1", "!-1", "|-1", "*-9223372036854775808", "$-9223372036854775808"})
    expect_malformed(k3, std::string(head) + "\r\n", "negative length");
}

TEST(ReplyScannerTest, LinesHoldNeitherCrNorLf) {
  for (const std::string_view wire : {"+a\nb\r\n", "+a\rb\r\n", "+a\r\r\n", "+\n", "-a\n", ":1\n", "+a\n\r\n"})
    expect_malformed(k2, wire, "line without its CRLF");
}

TEST(ReplyScannerTest, LengthsEndWithCrlf) {
  expect_malformed(k2, "$1\rXa\r\n", "length without its CRLF");
  expect_malformed(k2, "*1\r\r\n:1\r\n", "length without its CRLF");
}

TEST(ReplyScannerTest, BulksEndWithCrlf) {
  expect_malformed(k2, "$1\r\nabc", "bulk without its CRLF");
  expect_malformed(k2, "$1\r\na\rb", "bulk without its CRLF");
  expect_malformed(k2, "*2\r\n$1\r\na\n\r$1\r\n", "bulk without its CRLF");
}

// ---- limits

TEST(ReplyScannerTest, NestingIsBounded) {
  for (const std::string_view head : {"*1\r\n", "~1\r\n"}) {
    expect_reply(k3, repeated(head, 32) + ":1\r\n", static_cast<RespType>(head[0]), 1);
    expect_reply(k3, repeated(head, 32) + "*0\r\n", static_cast<RespType>(head[0]), 1);
    expect_malformed(k3, repeated(head, 33), "nested too deeply");
  }
  expect_malformed(k3, repeated("%1\r\n", 33), "nested too deeply");
  expect_malformed(k3, repeated("|1\r\n", 33), "nested too deeply");
  expect_malformed(k3, repeated("|1\r\n*1\r\n", 17), "nested too deeply");
}

TEST(ReplyScannerTest, ALowerDepthMayBeSetButNoHigherOne) {
  ReplyLimits limits;
  limits.depth = 2;
  expect_unfinished_reply(k2, "*1\r\n*1\r\n", limits);
  expect_malformed(k2, "*1\r\n*1\r\n*1\r\n", "nested too deeply", limits);
  limits.depth = 1000;
  expect_malformed(k2, repeated("*1\r\n", 33), "nested too deeply", limits);
}

TEST(ReplyScannerTest, ElementsOfAReplyAreBoundedInAll) {
  ReplyLimits limits;
  limits.elements = 4;
  expect_unfinished_reply(k3, "*4\r\n", limits);
  expect_unfinished_reply(k3, "%2\r\n", limits);
  expect_unfinished_reply(k3, "*2\r\n*2\r\n", limits);
  expect_malformed(k3, "*5\r\n", "too many elements", limits);
  expect_malformed(k3, "%3\r\n", "too many elements", limits);
  expect_malformed(k3, "*2\r\n*3\r\n", "too many elements", limits);
  expect_malformed(k3, "|1\r\n+a\r\n+b\r\n*3\r\n", "too many elements", limits);
  expect_malformed(k3, "*9223372036854775807\r\n", "too many elements");
  expect_malformed(k3, "%4611686018427387905\r\n", "too many elements");
}

TEST(ReplyScannerTest, ElementsAreCountedAnewForEachReply) {
  ReplyLimits limits;
  limits.elements = 2;
  ReplyFeed feed(k2, limits);
  for (int i = 0; i < 3; ++i) feed.feed("*2\r\n:1\r\n:2\r\n");
  EXPECT_EQ(feed.replies.size(), 3u);
}

TEST(ReplyScannerTest, BulksAreBounded) {
  ReplyLimits limits;
  limits.bulk_bytes = 4;
  expect_unfinished_reply(k3, "$4\r\n", limits);
  expect_malformed(k3, "$5\r\n", "bulk too long", limits);
  expect_malformed(k3, "=5\r\n", "bulk too long", limits);
  expect_malformed(k3, "!5\r\n", "bulk too long", limits);
  expect_malformed(k3, "$9223372036854775807\r\n", "bulk too long");
}

TEST(ReplyScannerTest, LinesAreBounded) {
  ReplyLimits limits;
  limits.line_bytes = 4;
  ReplyFeed feed(k2, limits);
  feed.feed("+1234\r\n");
  EXPECT_EQ(feed.replies.size(), 1u);
  expect_unfinished_reply(k2, "+1234\r", limits);
  expect_malformed(k2, "+12345\r\n", "line too long", limits);
  expect_malformed(k2, "-123456789", "line too long", limits);
}

TEST(ReplyScannerTest, RepliesAreBoundedAsAWhole) {
  ReplyLimits limits;
  limits.reply_bytes = 20;
  ReplyFeed feed(k2, limits);
  feed.feed("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n");
  EXPECT_EQ(feed.replies.size(), 1u);
  expect_malformed(k2, "*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n", "reply too long", limits);
  expect_malformed(k2, "*2\r\n:1\r\n$13\r\n", "reply too long", limits);
  expect_malformed(k2, "*2\r\n+1234567890123456789\r\n$1\r\n", "reply too long", limits);
}

TEST(ReplyScannerTest, WhatWasPassedOnEarlyStillCounts) {
  ReplyLimits limits;
  limits.reply_bytes = 20;
  ReplyScanner scanner(k2, limits);
  ASSERT_EQ(scanner.scan("*9\r\n:1\r\n:2\r\n:3\r\n"), Status::kNeedMore);
  scanner.consumed(16);
  EXPECT_EQ(scanner.scan(":1234\r\n"), Status::kError);
  EXPECT_EQ(scanner.error(), "reply too long");
}

// ---- state

TEST(ReplyScannerTest, TheSameReplyIsGivenUntilRestart) {
  ReplyScanner scanner(k2);
  const std::string first = "$2\r\nab\r\n";
  const std::string moved = first + "+OK\r\n";
  ASSERT_EQ(scanner.scan(first), Status::kComplete);
  ASSERT_EQ(scanner.scan(moved), Status::kComplete);
  EXPECT_EQ(scanner.frame().wire, first);
  EXPECT_EQ(scanner.frame().wire.data(), moved.data());
}

TEST(ReplyScannerTest, AnErrorStays) {
  ReplyScanner scanner(k2);
  ASSERT_EQ(scanner.scan("?"), Status::kError);
  EXPECT_EQ(scanner.scan("+OK\r\n"), Status::kError);
  EXPECT_EQ(scanner.error(), "type unknown to RESP2");
}

TEST(ReplyScannerTest, TheVersionMayChangeBetweenReplies) {
  ReplyScanner scanner(k2);
  ASSERT_EQ(scanner.scan("+OK\r\n"), Status::kComplete);
  scanner.restart();
  scanner.set_version(k3);
  EXPECT_EQ(scanner.scan("_\r\n"), Status::kComplete);
  scanner.restart();
  scanner.set_version(k2);
  EXPECT_EQ(scanner.scan("_\r\n"), Status::kError);
}

TEST(ReplyScannerTest, SaysHowManyBytesOfABulkAreMissing) {
  ReplyScanner scanner(k2);
  ASSERT_EQ(scanner.scan("*2\r\n$100"), Status::kNeedMore);
  EXPECT_EQ(scanner.missing(), 0u);
  ASSERT_EQ(scanner.scan("*2\r\n$100\r\nabc"), Status::kNeedMore);
  EXPECT_EQ(scanner.missing(), 99u);
  ASSERT_EQ(scanner.scan("*2\r\n$100\r\n" + std::string(100, 'x') + "\r"), Status::kNeedMore);
  EXPECT_EQ(scanner.missing(), 1u);
}

TEST(ReplyScannerTest, KnowsTheHeadOfAReplyBeforeItsEnd) {
  ReplyScanner scanner(k3);
  ASSERT_EQ(scanner.scan("|1\r\n+a\r\n*0\r\n"), Status::kNeedMore);
  EXPECT_FALSE(scanner.head_known());
  ASSERT_EQ(scanner.scan("|1\r\n+a\r\n*0\r\n*3"), Status::kNeedMore);
  EXPECT_FALSE(scanner.head_known());
  ASSERT_EQ(scanner.scan("|1\r\n+a\r\n*0\r\n*3\r\n"), Status::kNeedMore);
  ASSERT_TRUE(scanner.head_known());
  EXPECT_EQ(scanner.frame().type, RespType::kArray);
  EXPECT_EQ(scanner.frame().length, 3);
}

TEST(ReplyScannerTest, WhatIsScannedMayBePassedOnEarly) {
  const std::string value(1000, 'v');
  const std::string wire = "*2\r\n$1000\r\n" + value + "\r\n:12\r\n";
  ReplyScanner scanner(k2);
  std::string passed;
  std::string held;
  for (std::size_t i = 0; i + 1 < wire.size(); ++i) {
    held += wire[i];
    ASSERT_EQ(scanner.scan(held), Status::kNeedMore);
    const std::size_t early = scanner.scanned();
    passed += held.substr(0, early);
    held.erase(0, early);
    scanner.consumed(early);
    EXPECT_LE(held.size(), 7u);
  }
  held += wire.back();
  ASSERT_EQ(scanner.scan(held), Status::kComplete);
  EXPECT_EQ(scanner.frame().type, RespType::kArray);
  EXPECT_EQ(scanner.frame().length, 2);
  EXPECT_EQ(passed + std::string(scanner.frame().wire), wire);
  EXPECT_EQ(scanner.frame().wire, ":12\r\n");
}

TEST(ReplyScannerTest, AReplyPassedOnEarlyLeavesNothingToTheNext) {
  ReplyScanner scanner(k3);
  ASSERT_EQ(scanner.scan("|1\r\n+a\r\n:1\r\n$9\r\nabc"), Status::kNeedMore);
  ASSERT_EQ(scanner.scanned(), 19u);
  scanner.consumed(14);
  EXPECT_EQ(scanner.frame().payload, 0u);
  ASSERT_EQ(scanner.scan("\r\nabcdefghi\r\n"), Status::kComplete);
  EXPECT_EQ(scanner.frame().wire.size(), 13u);
  scanner.restart();
  ASSERT_EQ(scanner.scan("|1\r\n+a\r\n:1\r\n:2\r\n"), Status::kComplete);
  EXPECT_EQ(scanner.frame().payload, 12u);
  EXPECT_EQ(scanner.frame().wire.size(), 16u);
}

// A scanner that looked at everything again would take hours over these.
TEST(ReplyScannerTest, BytesOneByOneAreLinearWork) {
  const auto scan_byte_by_byte = [](std::string_view wire, const ReplyLimits& limits) {
    ReplyScanner scanner(k2, limits);
    Status status = Status::kNeedMore;
    for (std::size_t i = 1; i <= wire.size(); ++i) status = scanner.scan(wire.substr(0, i));
    return status;
  };
  ReplyLimits long_lines;
  long_lines.line_bytes = 8u << 20;
  EXPECT_EQ(scan_byte_by_byte("$8388608\r\n" + std::string(8 << 20, 'x') + "\r\n", {}), Status::kComplete);
  EXPECT_EQ(scan_byte_by_byte("*1048576\r\n" + repeated(":1\r\n", 1 << 20), {}), Status::kComplete);
  EXPECT_EQ(scan_byte_by_byte("+" + std::string(8 << 20, 'x') + "\r\n", long_lines), Status::kComplete);
}

// ---- reading a frame

ReplyFrame frame_of(std::string_view wire) {
  ReplyScanner scanner(k3);
  EXPECT_EQ(scanner.scan(wire), Status::kComplete);
  return scanner.frame();
}

TEST(ReplyScannerTest, LineOfIsTheTextOfAOneLineReply) {
  EXPECT_EQ(line_of(frame_of("+OK\r\n")), "OK");
  EXPECT_EQ(line_of(frame_of("-ERR a b\r\n")), "ERR a b");
  EXPECT_EQ(line_of(frame_of(":-12\r\n")), "-12");
  EXPECT_EQ(line_of(frame_of("_\r\n")), "");
  EXPECT_EQ(line_of(frame_of(",1.5\r\n")), "1.5");
  EXPECT_EQ(line_of(frame_of("#t\r\n")), "t");
  EXPECT_EQ(line_of(frame_of("(12\r\n")), "12");
  EXPECT_EQ(line_of(frame_of("|1\r\n+a\r\n:1\r\n:2\r\n")), "2");
}

TEST(ReplyScannerTest, LineOfAnythingElseIsEmpty) {
  for (const std::string_view wire : {"$2\r\nab\r\n", "*1\r\n+OK\r\n", "%0\r\n", "$-1\r\n", "!3\r\nERR\r\n", "=4\r\ntxt:\r\n"})
    EXPECT_EQ(line_of(frame_of(wire)), "");
}

TEST(ReplyScannerTest, ErrorCodeIsTheFirstWordOfAnError) {
  EXPECT_EQ(error_code(frame_of("-MOVED 1 h:1\r\n")), "MOVED");
  EXPECT_EQ(error_code(frame_of("-READONLY\r\n")), "READONLY");
  EXPECT_EQ(error_code(frame_of("-\r\n")), "");
  EXPECT_EQ(error_code(frame_of("!9\r\nSYNTAX\r\nx\r\n")), "SYNTAX\r\nx");
  EXPECT_EQ(error_code(frame_of("!9\r\nSYNTAX no\r\n")), "SYNTAX");
  EXPECT_EQ(error_code(frame_of("|1\r\n+a\r\n:1\r\n-BUSY x\r\n")), "BUSY");
}

TEST(ReplyScannerTest, OnlyErrorsHaveACode) {
  for (const std::string_view wire : {"+MOVED 1\r\n", "$5\r\nMOVED\r\n", "*1\r\n-ERR x\r\n"}) EXPECT_EQ(error_code(frame_of(wire)), "");
}

}  // namespace
}  // namespace respgate::protocol
