#include "protocol/reply_writer.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "protocol/reply_scanner.h"

namespace respgate::protocol {
namespace {

constexpr RespVersion k2 = RespVersion::kResp2;
constexpr RespVersion k3 = RespVersion::kResp3;

// What `append` writes.
template <typename... Args>
std::string written(void (*append)(std::string&, Args...), std::type_identity_t<Args>... args) {
  std::string out;
  append(out, args...);
  return out;
}

TEST(ReplyWriterTest, SimpleStringsAndErrorsAreLines) {
  EXPECT_EQ(written(append_simple, "OK"), "+OK\r\n");
  EXPECT_EQ(written(append_simple, ""), "+\r\n");
  EXPECT_EQ(written(append_error, "ERR no"), "-ERR no\r\n");
}

TEST(ReplyWriterTest, ControlBytesInALineBecomeSpaces) {
  EXPECT_EQ(written(append_error, std::string_view("ERR a\r\n+OK\0\t\x1b\x7f z", 16)), "-ERR a  +OK     z\r\n");
  EXPECT_EQ(written(append_simple, "a\nb"), "+a b\r\n");
}

TEST(ReplyWriterTest, OtherBytesInALineStay) {
  EXPECT_EQ(written(append_error, "ERR caf\xc3\xa9 \xff \x80"), "-ERR caf\xc3\xa9 \xff \x80\r\n");
}

TEST(ReplyWriterTest, LinesAreCutAt512Bytes) {
  EXPECT_EQ(written(append_error, std::string(512, 'x')), "-" + std::string(512, 'x') + "\r\n");
  EXPECT_EQ(written(append_error, std::string(513, 'x')), "-" + std::string(512, 'x') + "\r\n");
  EXPECT_EQ(written(append_simple, std::string(100000, '\n')), "+" + std::string(512, ' ') + "\r\n");
}

TEST(ReplyWriterTest, WhatWasWrittenBeforeIsLeftAlone) {
  std::string out = "$3\r\na\rb\r\n";
  append_error(out, "ERR\n");
  EXPECT_EQ(out, "$3\r\na\rb\r\n-ERR \r\n");
}

TEST(ReplyWriterTest, IntegersSpanSixtyFourBits) {
  EXPECT_EQ(written(append_integer, 0), ":0\r\n");
  EXPECT_EQ(written(append_integer, -7), ":-7\r\n");
  EXPECT_EQ(written(append_integer, std::numeric_limits<std::int64_t>::max()), ":9223372036854775807\r\n");
  EXPECT_EQ(written(append_integer, std::numeric_limits<std::int64_t>::min()), ":-9223372036854775808\r\n");
}

TEST(ReplyWriterTest, BulksHoldAnyBytes) {
  EXPECT_EQ(written(append_bulk, ""), "$0\r\n\r\n");
  EXPECT_EQ(written(append_bulk, std::string_view("a\r\n\0", 4)), std::string("$4\r\na\r\n\0\r\n", 10));
}

TEST(ReplyWriterTest, NullsDependOnTheVersion) {
  EXPECT_EQ(written(append_null, k2), "$-1\r\n");
  EXPECT_EQ(written(append_null, k3), "_\r\n");
  EXPECT_EQ(written(append_null_array, k2), "*-1\r\n");
  EXPECT_EQ(written(append_null_array, k3), "_\r\n");
}

// As redis-server 7.0 answers ZSCORE: 17 digits, bulk in RESP2.
TEST(ReplyWriterTest, DoublesAreWrittenAsTheServerDoes) {
  EXPECT_EQ(written(append_double, k2, 3.14), "$18\r\n3.1400000000000001\r\n");
  EXPECT_EQ(written(append_double, k3, 3.14), ",3.1400000000000001\r\n");
  EXPECT_EQ(written(append_double, k3, 10.0), ",10\r\n");
  EXPECT_EQ(written(append_double, k3, -0.5), ",-0.5\r\n");
  EXPECT_EQ(written(append_double, k3, 1e300), ",1.0000000000000001e+300\r\n");
  EXPECT_EQ(written(append_double, k3, 5e-324), ",4.9406564584124654e-324\r\n");
  EXPECT_EQ(written(append_double, k3, -std::numeric_limits<double>::max()), ",-1.7976931348623157e+308\r\n");
}

TEST(ReplyWriterTest, DoublesThatAreNoNumbersHaveNames) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(written(append_double, k2, infinity), "$3\r\ninf\r\n");
  EXPECT_EQ(written(append_double, k3, -infinity), ",-inf\r\n");
  EXPECT_EQ(written(append_double, k3, std::nan("")), ",nan\r\n");
  EXPECT_EQ(written(append_double, k3, -std::nan("")), ",nan\r\n");
}

TEST(ReplyWriterTest, BooleansAreIntegersInResp2) {
  EXPECT_EQ(written(append_boolean, k2, true), ":1\r\n");
  EXPECT_EQ(written(append_boolean, k2, false), ":0\r\n");
  EXPECT_EQ(written(append_boolean, k3, true), "#t\r\n");
  EXPECT_EQ(written(append_boolean, k3, false), "#f\r\n");
}

TEST(ReplyWriterTest, VerbatimStringsAreBulksInResp2) {
  EXPECT_EQ(written(append_verbatim, k2, "a\r\nb"), "$4\r\na\r\nb\r\n");
  EXPECT_EQ(written(append_verbatim, k3, "a\r\nb"), "=8\r\ntxt:a\r\nb\r\n");
}

TEST(ReplyWriterTest, AggregatesAreArraysInResp2) {
  EXPECT_EQ(written(append_array, 3), "*3\r\n");
  EXPECT_EQ(written(append_map, k2, 3), "*6\r\n");
  EXPECT_EQ(written(append_map, k3, 3), "%3\r\n");
  EXPECT_EQ(written(append_set, k2, 3), "*3\r\n");
  EXPECT_EQ(written(append_set, k3, 3), "~3\r\n");
  EXPECT_EQ(written(append_push, k2, 3), "*3\r\n");
  EXPECT_EQ(written(append_push, k3, 3), ">3\r\n");
}

TEST(ReplyWriterTest, WhatIsWrittenIsWhatTheScannerReads) {
  for (const RespVersion version : {k2, k3}) {
    std::string out;
    append_map(out, version, 6);
    append_simple(out, "a\r\nb");
    append_error(out, "ERR \n");
    append_integer(out, -1);
    append_bulk(out, "\r\n");
    append_null(out, version);
    append_null_array(out, version);
    append_double(out, version, 0.1);
    append_boolean(out, version, true);
    append_verbatim(out, version, "x");
    append_array(out, 0);
    append_set(out, version, 0);
    append_map(out, version, 0);
    ReplyScanner scanner(version);
    ASSERT_EQ(scanner.scan(out), ReplyScanner::Status::kComplete) << scanner.error();
    EXPECT_EQ(scanner.frame().wire, out);
  }
}

}  // namespace
}  // namespace respgate::protocol
