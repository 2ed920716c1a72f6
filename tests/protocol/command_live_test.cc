// What the tests say of redis-server 7.0, asked of a real one.
#include <random>
#include <string>

#include "live_connection.h"
#include "tests/protocol/command_feed.h"
#include "tests/protocol/random_wire.h"

namespace respgate::protocol {
namespace {

using namespace std::string_literals;

// Everything the server answers to `wire` until it hangs up, or until `end` has come.
std::string answer(const LiveServer& server, std::string_view wire, std::string_view end = {}) {
  const int fd = server.connect();
  // The server may hang up before it has read everything.
  if (::send(fd, wire.data(), wire.size(), MSG_NOSIGNAL) < 0) ADD_FAILURE() << "send";
  std::string said;
  char bytes[4096];
  for (ssize_t n = 0; (n = ::recv(fd, bytes, sizeof(bytes), 0)) > 0;) {
    said.append(bytes, static_cast<std::size_t>(n));
    if (!end.empty() && said.ends_with(end)) break;
  }
  ::close(fd);
  return said;
}

// What we answer to `wire`, which we refuse.
std::string our_answer(std::string_view wire, const Limits& limits, bool before_auth) {
  CommandFeed feed(limits, before_auth);
  feed.feed(wire);
  EXPECT_TRUE(feed.failed) << wire;
  const std::string text = feed.parser().error_text();
  return text.empty() ? "" : "-ERR " + text + "\r\n";
}

TEST(CommandLiveTest, WhatTheServerRefusesWeRefuseInItsWords) {
  const LiveServer server;
  for (const std::string& wire : {"*01\r\n"s,
                                  "*+1\r\n"s,
                                  "* 1\r\n"s,
                                  "*1 \r\n"s,
                                  "*-0\r\n"s,
                                  "*\r\n"s,
                                  "*1x\r\n"s,
                                  "*1\n\r\n"s,
                                  "*2147483648\r\n"s,
                                  "*99999999999999999999999999\r\n"s,
                                  "*1\r\n$-1\r\n"s,
                                  "*1\r\n$04\r\n"s,
                                  "*1\r\n$+4\r\n"s,
                                  "*1\r\n$\r\n"s,
                                  "*1\r\n$536870913\r\n"s,
                                  "*1\r\n*1\r\n"s,
                                  "*1\r\n:1\r\n"s,
                                  "*1\r\n=1\r\n"s,
                                  "*1\r\n\n1\r\n"s,
                                  "*1\r\n\r\n"s,
                                  "*1\r\n\xff\r\n"s,
                                  "SET a \"b\r\n"s,
                                  "SET a 'b\r\n"s,
                                  "SET a \"b\"c\r\n"s,
                                  "POST / HTTP/1.1\r\n"s,
                                  "pOsT\r\n"s,
                                  "Host: x\r\n"s,
                                  "*1\r\n$4\r\nPOST\r\n"s,
                                  "*1\r\n$7\r\nHOST:\0x\r\n"s,
                                  std::string(65537, 'x'),
                                  "*" + std::string(65537, '1'),
                                  "*1\r\n$" + std::string(65537, '1')})
    EXPECT_EQ(our_answer(wire, kLimitsAfterAuth, false), answer(server, wire)) << wire.substr(0, 40);
}

TEST(CommandLiveTest, BeforeLoginTooWeRefuseInTheServersWords) {
  const LiveServer server;
  LiveConnection admin(server);
  admin.ask({"CONFIG", "SET", "requirepass", "secret"});
  for (const std::string_view wire :
       {"*11\r\n", "*2147483647\r\n", "*2147483648\r\n", "*1\r\n$16385\r\n", "*1\r\n$536870912\r\n", "*1\r\n$536870913\r\n"})
    EXPECT_EQ(our_answer(wire, kLimitsBeforeAuth, true), answer(server, wire)) << wire;
}

// Or else a command could be seen by the one and not by the other.
TEST(CommandLiveTest, BytesThatWeAcceptAreTheSameCommandsToTheServer) {
  const LiveServer server;
  const std::string last = encoded({"ECHO", "that was all"});
  std::mt19937 random(20240608);
  std::size_t compared = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::string wire = random_wire(random);
    CommandFeed feed;
    feed.feed(wire);
    if (feed.failed || !feed.parser().idle()) continue;
    std::string canonical;
    for (const Words& command : feed.commands) canonical += encoded(command);
    ASSERT_EQ(answer(server, wire + last, "that was all\r\n"), answer(server, canonical + last, "that was all\r\n"))
        << ::testing::PrintToString(wire);
    ++compared;
  }
  EXPECT_GT(compared, 1000u);
}

}  // namespace
}  // namespace respgate::protocol
