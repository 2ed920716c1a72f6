// Where redis-server 7.0 is lax, silent or odd about a request's bytes, row by row:
// what it does (seen on 7.0.15), and what we do instead.
#include <string>

#include "tests/protocol/command_feed.h"

namespace respgate::protocol {
namespace {

using namespace std::string_literals;

constexpr std::string_view kBadCount = "Protocol error: invalid multibulk length";
constexpr std::string_view kBadBulk = "Protocol error: invalid bulk length";
constexpr std::string_view kBadCrlf = "Protocol error: invalid CRLF in request";
constexpr std::string_view kNul = "Protocol error: NUL byte in request";

// The server skips the byte behind CR without a look.
TEST(CommandWireTest, AnyOtherByteThanLfBehindTheCrOfACountIsRefused) {
  expect_refused("*1\rX$4\r\nPING\r\n", ParseError::kMissingCrlf, kBadCrlf);
  expect_refused("*1\r\r\n$4\r\nPING\r\n", ParseError::kMissingCrlf, kBadCrlf);
  expect_refused("*0\rX", ParseError::kMissingCrlf, kBadCrlf);
}

TEST(CommandWireTest, AnyOtherByteThanLfBehindTheCrOfABulkLengthIsRefused) {
  expect_refused("*1\r\n$4\rXPING\r\n", ParseError::kMissingCrlf, kBadCrlf);
  expect_refused("*1\r\n$4\r\rPING\r\n", ParseError::kMissingCrlf, kBadCrlf);
}

// The server skips two bytes behind a bulk without a look.
TEST(CommandWireTest, BulkWithoutItsCrlfIsRefused) {
  expect_refused("*1\r\n$4\r\nPINGxx", ParseError::kMissingCrlf, kBadCrlf);
  expect_refused("*1\r\n$4\r\nPING\rx", ParseError::kMissingCrlf, kBadCrlf);
  expect_refused("*1\r\n$4\r\nPING\n\r", ParseError::kMissingCrlf, kBadCrlf);
  expect_refused("*1\r\n$3\r\nPING\r\n", ParseError::kMissingCrlf, kBadCrlf);
  expect_refused("*2\r\n$4\r\nECHO\r\n$1\r\nxyz", ParseError::kMissingCrlf, kBadCrlf);
}

// The server waits for a CR, and then says the same.
TEST(CommandWireTest, FramingByLfOnlyIsRefused) {
  expect_refused("*1\n$4\nPING\n", ParseError::kInvalidMultibulkLength, kBadCount);
  expect_refused("*1\r\n$4\nPING\n", ParseError::kInvalidBulkLength, kBadBulk);
}

TEST(CommandWireTest, CountsHaveOneSpelling) {
  for (const std::string_view wire : {"*01\r\n", "*+1\r\n", "* 1\r\n", "*1 \r\n", "*-0\r\n", "*\r\n", "*00\r\n", "*-\r\n", "*-01\r\n",
                                      "*0x1\r\n", "*1a\r\n", "*--1\r\n", "*1.0\r\n", "*?\r\n"})
    expect_refused(wire, ParseError::kInvalidMultibulkLength, kBadCount);
}

TEST(CommandWireTest, EmptyAndNegativeArraysAreNothing) {
  expect_commands("*0\r\n", {});
  expect_commands("*-1\r\n", {});
  expect_commands("*-99999\r\n", {});
  expect_commands("*-9223372036854775808\r\n", {});
  expect_commands("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n*0\r\n", {{"PING"}});
}

TEST(CommandWireTest, CountsPastTheServersOwnLimitAreRefusedInItsWords) {
  for (const std::string_view wire : {"*2147483648\r\n", "*9223372036854775807\r\n", "*9223372036854775808\r\n",
                                      "*18446744073709551617\r\n", "*99999999999999999999999999\r\n", "*-99999999999999999999\r\n"})
    expect_refused(wire, ParseError::kInvalidMultibulkLength, kBadCount);
}

// The server would wait for two thousand million arguments.
TEST(CommandWireTest, CountsPastOurLimitAreRefused) {
  expect_refused("*2147483647\r\n", ParseError::kInvalidMultibulkLength, kBadCount);
  expect_refused("*1048577\r\n", ParseError::kInvalidMultibulkLength, kBadCount);
  expect_unfinished("*1048576\r\n");
}

TEST(CommandWireTest, BulkLengthsHaveOneSpelling) {
  for (const std::string_view length : {"-1", "-0", "04", "+4", "", " 4", "4 ", "00", "4x", "?"})
    expect_refused("*1\r\n$" + std::string(length) + "\r\n", ParseError::kInvalidBulkLength, kBadBulk);
}

TEST(CommandWireTest, BulkLengthsPastTheLimitAreRefused) {
  expect_refused("*1\r\n$536870913\r\n", ParseError::kInvalidBulkLength, kBadBulk);
  expect_refused("*1\r\n$9223372036854775807\r\n", ParseError::kInvalidBulkLength, kBadBulk);
  expect_refused("*1\r\n$18446744073709551620\r\n", ParseError::kInvalidBulkLength, kBadBulk);
  expect_unfinished("*1\r\n$536870912\r\n");
}

TEST(CommandWireTest, ALowerBulkLimitIsRefusedInTheSameWords) {
  const Limits limits{10, 8, 100, 100};
  expect_refused("*1\r\n$9\r\n", ParseError::kInvalidBulkLength, kBadBulk, limits);
  expect_commands("*1\r\n$8\r\n12345678\r\n", {{"12345678"}}, limits);
}

TEST(CommandWireTest, ElementsOfAnyOtherTypeAreRefused) {
  for (const char type : "*:+-=_%~|>,#(!a\n\r "s)
    expect_refused("*1\r\n"s + type + "1\r\n", ParseError::kExpectedBulk,
                   "Protocol error: expected '$', got '"s + (type == '\n' || type == '\r' ? ' ' : type) + "'");
}

TEST(CommandWireTest, TheTextNeverHoldsTheControlByteItSpeaksOf) {
  for (const char type : "\x01\x1b\x7f\t"s)
    expect_refused("*1\r\n"s + type, ParseError::kExpectedBulk, "Protocol error: expected '$', got ' '");
  expect_refused("*1\r\n\xff", ParseError::kExpectedBulk, "Protocol error: expected '$', got '\xff'");
}

// Is for whoever looks commands up to say "unknown command ''".
TEST(CommandWireTest, AnEmptyNameIsACommand) { expect_commands("*1\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n", {{""}, {"PING"}}); }

// The server collects 64 KiB before it says so.
TEST(CommandWireTest, EndlessCountsAreRefused) {
  expect_refused("*" + std::string(40, '1'), ParseError::kTooBigCount, "Protocol error: too big mbulk count string");
  expect_refused("*1\r\n$" + std::string(40, '1'), ParseError::kTooBigBulkCount, "Protocol error: too big bulk count string");
  expect_unfinished("*" + std::string(32, '1'));
  expect_unfinished("*1\r\n$" + std::string(32, '1'));
}

// The server stops seeing anything at a NUL, until 64 KiB have come.
TEST(CommandWireTest, NulInAHeaderIsRefused) {
  expect_refused("*1\0\r\n$4\r\nPING\r\n"s, ParseError::kNulByte, kNul);
  expect_refused("*\0"s, ParseError::kNulByte, kNul);
  expect_refused("*-\0"s, ParseError::kNulByte, kNul);
  expect_refused("*1\r\n$4\0\r\nPING\r\n"s, ParseError::kNulByte, kNul);
  expect_refused("*1\r\n\0$4\r\nPING\r\n"s, ParseError::kNulByte, kNul);
  expect_refused("*1\r\0"s, ParseError::kMissingCrlf, kBadCrlf);
}

TEST(CommandWireTest, NulInAnInlineLineIsRefused) {
  expect_refused("PI\0NG\r\n"s, ParseError::kNulByte, kNul);
  expect_refused("\0"s, ParseError::kNulByte, kNul);
  expect_refused("PING\r\0\n"s, ParseError::kNulByte, kNul);
  expect_refused("ECHO \"\0\"\r\n"s, ParseError::kNulByte, kNul);
  expect_refused("\r\nPING\0"s, ParseError::kNulByte, kNul);
}

TEST(CommandWireTest, UnauthenticatedClientsMaySendTenArguments) {
  expect_unfinished("*10\r\n", kLimitsBeforeAuth, true);
  expect_refused_before_auth("*11\r\n", ParseError::kUnauthenticatedMultibulkLength, "Protocol error: unauthenticated multibulk length");
  expect_refused_before_auth("*2147483647\r\n", ParseError::kUnauthenticatedMultibulkLength,
                             "Protocol error: unauthenticated multibulk length");
  expect_refused_before_auth("*2147483648\r\n", ParseError::kInvalidMultibulkLength, kBadCount);
}

TEST(CommandWireTest, UnauthenticatedClientsMaySendBulksOf16KiB) {
  expect_unfinished("*1\r\n$16384\r\n", kLimitsBeforeAuth, true);
  expect_refused_before_auth("*1\r\n$16385\r\n", ParseError::kUnauthenticatedBulkLength, "Protocol error: unauthenticated bulk length");
  expect_refused_before_auth("*1\r\n$536870912\r\n", ParseError::kUnauthenticatedBulkLength, "Protocol error: unauthenticated bulk length");
  expect_refused_before_auth("*1\r\n$536870913\r\n", ParseError::kInvalidBulkLength, kBadBulk);
}

// The server sets no limit here.
TEST(CommandWireTest, UnauthenticatedClientsMaySendTenInlineWords) {
  expect_commands("a b c d e f g h i j\r\n", {{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}}, kLimitsBeforeAuth, true);
  expect_refused_before_auth("a b c d e f g h i j k\r\n", ParseError::kUnauthenticatedMultibulkLength,
                             "Protocol error: unauthenticated multibulk length");
}

TEST(CommandWireTest, InlineWordsObeyTheBulkLimit) {
  const Limits limits{10, 8, 100, 100};
  expect_commands("ECHO 12345678\r\n", {{"ECHO", "12345678"}}, limits, true);
  expect_refused("ECHO 123456789\r\n", ParseError::kUnauthenticatedBulkLength, "Protocol error: unauthenticated bulk length", limits, true);
  expect_refused("ECHO 123456789\r\n", ParseError::kInvalidBulkLength, kBadBulk, limits);
}

TEST(CommandWireTest, InlineWordsObeyTheArgumentLimit) {
  expect_refused("a b c\r\n", ParseError::kInvalidMultibulkLength, kBadCount, {2, 8, 100, 100});
}

TEST(CommandWireTest, InlineWordsTogetherObeyTheRequestLimit) {
  expect_commands("abc de\r\n", {{"abc", "de"}}, {10, 8, 100, 5});
  expect_refused("abc def\r\n", ParseError::kRequestTooBig, "Protocol error: too big request", {10, 8, 100, 5});
}

TEST(CommandWireTest, InlineCommandsAreSplitAtBlanks) {
  expect_commands("PING\r\n", {{"PING"}});
  expect_commands("PING\n", {{"PING"}});
  expect_commands("  SET\tkey   value \r\n", {{"SET", "key", "value"}});
  expect_commands("ECHO a\rb\r\n", {{"ECHO", "a", "b"}});
  expect_commands("ECHO a\r\r\n", {{"ECHO", "a"}});
}

TEST(CommandWireTest, InlineQuotesAreUnderstoodAsTheServerDoes) {
  expect_commands("ECHO \"a b\"\r\n", {{"ECHO", "a b"}});
  expect_commands("ECHO a\"b c\"\r\n", {{"ECHO", "ab c"}});
  expect_commands("ECHO \"\\x41\\n\\q\\\"\\xzz\"\r\n", {{"ECHO", "A\nq\"xzz"}});
  expect_commands("ECHO '\\'x\\n'\r\n", {{"ECHO", "'x\\n"}});
  expect_commands("\"\"\r\n", {{""}});
}

TEST(CommandWireTest, UnbalancedQuotesAreRefused) {
  constexpr std::string_view kText = "Protocol error: unbalanced quotes in request";
  for (const std::string_view wire : {"SET a \"b\r\n", "SET a 'b\r\n", "SET a \"b\"c\r\n", "SET a 'b'c\r\n", "SET a \"b\\\"\r\n", "\"\n"})
    expect_refused(wire, ParseError::kUnbalancedQuotes, kText);
}

TEST(CommandWireTest, BlankLinesAreNothing) {
  expect_commands("\r\n", {});
  expect_commands("\n", {});
  expect_commands(" \t\r\n", {});
  expect_commands("\r\n\n\r\nPING\r\n\r\n", {{"PING"}});
}

// The server looks only when no newline has come; we look always.
TEST(CommandWireTest, InlineLinesPastTheLimitAreRefused) {
  const Limits limits{10, 8, 12, 100};
  constexpr std::string_view kText = "Protocol error: too big inline request";
  expect_commands("ECHO a b c \r\n", {{"ECHO", "a", "b", "c"}}, limits);
  expect_unfinished("ECHO a b c d", limits);
  expect_refused("ECHO a b c de", ParseError::kTooBigInline, kText, limits);
  expect_refused("ECHO a b c d\r\n", ParseError::kTooBigInline, kText, limits);
  expect_refused("             \r\n", ParseError::kTooBigInline, kText, limits);
}

TEST(CommandWireTest, TheServersOwnInlineLimitIsOurs) {
  const std::string line(64 * 1024, 'x');
  CommandFeed feed;
  feed.feed(line);
  EXPECT_FALSE(feed.failed);
  feed.feed("x");
  EXPECT_EQ(feed.parser().error(), ParseError::kTooBigInline);
}

TEST(CommandWireTest, InlineAndMultibulkMayBeMixed) {
  expect_commands("PING\r\n*1\r\n$4\r\nPING\r\n\r\nECHO x\n*2\r\n$4\r\nECHO\r\n$1\r\ny\r\n",
                  {{"PING"}, {"PING"}, {"ECHO", "x"}, {"ECHO", "y"}});
}

TEST(CommandWireTest, AnythingWithinABulkIsItsContent) {
  const std::string evil = "\r\n*1\r\n$8\r\nFLUSHALL\r\n\0\xff$"s;
  expect_commands(encoded({"SET", "k", evil}), {{"SET", "k", evil}});
}

TEST(CommandWireTest, HttpRequestsAreClosedWithoutAWord) {
  for (const std::string_view wire :
       {"POST / HTTP/1.1\r\n", "post\r\n", "Host:\r\n", "Host: example.org\r\n", "hOsT: x\r\n", "\"POST\" x\r\n"})
    expect_refused(wire, ParseError::kHttp, "");
}

TEST(CommandWireTest, HttpNamesAsBulksAreClosedToo) {
  expect_refused("*1\r\n$4\r\nPOST\r\n", ParseError::kHttp, "");
  expect_refused("*2\r\n$5\r\nhost:\r\n$1\r\nx\r\n", ParseError::kHttp, "");
  expect_refused("*1\r\n$7\r\nHOST:\0x\r\n"s, ParseError::kHttp, "");
}

// The server answers these with errors and runs what follows.
TEST(CommandWireTest, AnyLineThatEndsInAnHttpVersionIsClosed) {
  for (const std::string_view wire :
       {"GET / HTTP/1.1\r\n", "PUT /x HTTP/1.0\n", "PRI * HTTP/2.0\r\n", "get / http/1.1\r\n", "OPTIONS * HTTP/2\r\n"})
    expect_refused(wire, ParseError::kHttp, "");
}

TEST(CommandWireTest, WhatOnlyResemblesHttpIsACommand) {
  expect_commands("GET HTTP/ \r\n", {{"GET", "HTTP/"}});
  expect_commands("GET HTTP/1.1x\r\n", {{"GET", "HTTP/1.1x"}});
  expect_commands("GET HTTP/1.1 k\r\n", {{"GET", "HTTP/1.1", "k"}});
  expect_commands("POSTS\r\nHOST\r\nHGET\r\nPING\r\n", {{"POSTS"}, {"HOST"}, {"HGET"}, {"PING"}});
  expect_commands("*2\r\n$3\r\nGET\r\n$8\r\nHTTP/1.1\r\n", {{"GET", "HTTP/1.1"}});
}

TEST(CommandWireTest, NothingBehindARefusedRequestIsLookedAt) {
  expect_refused("PING\r\n*1x\r\nPING\r\n", ParseError::kInvalidMultibulkLength, kBadCount, kLimitsAfterAuth, false, {{"PING"}});
}

}  // namespace
}  // namespace respgate::protocol
