#include "proxy/reception/handshakes.h"

#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tls/throwaway.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HandshakesTest : public testing::Test {
 protected:
  HandshakesTest() {
    tls::ThrowawayCertificate made = tls::make_throwaway_certificate();
    tls::ServerOptions options;
    options.certificates.push_back({{"crt", made.certificate}, {"key", made.key}, {}});
    context_ = *tls::make_server_context(options, std::time(nullptr));
  }
  ~HandshakesTest() override {
    for (const int end : clients_) ::close(end);
  }

  // A client that says one byte of a handshake, or none, and then nothing.
  void come(const std::string& source, std::size_t listener = 0, bool speaks = true) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    clients_.push_back(ends[1]);
    tls::Socket socket(io_.get_executor(), boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    handshakes_.begin(tls::Stream(std::move(socket)), {listener, source, context_, patience_, 3},
                      [this, source](tls::Stream /*stream*/, const std::string& why) { ended_.push_back(source + ": " + why); });
    if (speaks) {
      ASSERT_EQ(::write(ends[1], "\x16", 1), 1);
    }
    io_.restart();  // it stops when all that came before are cut already
    io_.poll();
  }

  boost::asio::io_context io_;
  Handshakes handshakes_{io_};
  tls::ServerContextPtr context_;
  Milliseconds patience_{60000};
  std::vector<int> clients_;
  std::vector<std::string> ended_;
};

constexpr const char* kPushedOut = ": pushed out: more than max_handshakes at once";

TEST_F(HandshakesTest, OneSourceTooManyPushesOutItsOwn) {
  come("honest");
  for (int i = 0; i < 5; ++i) come("greedy");
  EXPECT_THAT(ended_,
              ElementsAre(std::string("greedy") + kPushedOut, std::string("greedy") + kPushedOut, std::string("greedy") + kPushedOut));
  EXPECT_EQ(handshakes_.under_way(), 3U);
}

TEST_F(HandshakesTest, WhoComesToAFullHouseOfAnothersPushesOutOne) {
  for (int i = 0; i < 3; ++i) come("greedy");
  come("honest");
  EXPECT_THAT(ended_, ElementsAre(std::string("greedy") + kPushedOut));
}

TEST_F(HandshakesTest, AmongEqualsTheOldestGoes) {
  for (const char* source : {"a", "b", "c", "d"}) come(source);
  EXPECT_THAT(ended_, ElementsAre(std::string("a") + kPushedOut));
}

TEST_F(HandshakesTest, AnotherListenersAreNotCounted) {
  for (int i = 0; i < 3; ++i) come("greedy", 1);
  for (int i = 0; i < 3; ++i) come("honest", 0);
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(HandshakesTest, WhoSaysNothingTakesNoPlace) {
  for (int i = 0; i < 10; ++i) come("silent", 0, false);
  EXPECT_EQ(handshakes_.under_way(), 0U);
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(HandshakesTest, WhoIsNotDoneInTimeIsCut) {
  patience_ = Milliseconds(1);
  come("slow");
  come("silent", 0, false);
  while (ended_.size() < 2) ASSERT_EQ(io_.run_one(), 1U);
  EXPECT_THAT(ended_, testing::Each(testing::HasSubstr("not done within handshake_timeout")));
  EXPECT_EQ(handshakes_.under_way(), 0U);
}

}  // namespace
}  // namespace respgate::proxy
