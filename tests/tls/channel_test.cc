#include "tls/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/tls/test_pki.h"

namespace respgate::tls {
namespace {

// Many connections of one thread, which OpenSSL works on in turn.
class ChannelTest : public ::testing::Test {
 protected:
  struct Connection {
    Connection(const ServerContextPtr& of_server, const ClientContextPtr& of_client) {
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
      server = std::make_unique<Channel>(ends[0], of_server);
      client = std::make_unique<Channel>(ends[1], of_client, "server.test");
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
      for (const int end : ends) ::close(end);
    }

    // One step of each end's handshake; true: both are done.
    bool step() {
      const bool is_client_done = client->handshake().state == Handshake::State::kDone;
      return server->handshake().state == Handshake::State::kDone && is_client_done;
    }

    std::array<int, 2> ends{};
    std::unique_ptr<Channel> server, client;
  };

  static ServerContextPtr make_server(const testing::Issued& issued) {
    return *make_server_context(testing::server_with(issued), testing::now_seconds());
  }
  static ClientContextPtr make_client(const testing::Authority& authority) {
    ClientOptions options;
    options.system_ca = false;
    options.ca = {"ca.crt", authority.certificate()};
    return *make_client_context(std::move(options), testing::now_seconds());
  }

  std::vector<std::unique_ptr<Connection>> connections(std::size_t count) {
    std::vector<std::unique_ptr<Connection>> made;
    while (made.size() < count) made.push_back(std::make_unique<Connection>(server_, client_));
    return made;
  }

  // One step of each in turn, until all are done.
  static void shake_hands(std::vector<std::unique_ptr<Connection>>& all) {
    for (std::size_t done = 0; done < all.size();) {
      done = 0;
      for (const auto& one : all) done += one->step() ? 1 : 0;
    }
  }

  static void send(Channel& from, std::string_view text) {
    const ::iovec bytes{const_cast<char*>(text.data()), text.size()};
    EXPECT_EQ(from.write({&bytes, 1}).bytes, text.size());
  }
  static std::string received(Channel& by) {
    std::array<char, 1024> buffer;
    return {buffer.data(), by.read(buffer).bytes};
  }

  static void expect_own_words(std::vector<std::unique_ptr<Connection>>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      send(*all[i]->client, "question " + std::to_string(i));
      send(*all[i]->server, "answer " + std::to_string(i));
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(received(*all[i]->server), "question " + std::to_string(i));
      EXPECT_EQ(received(*all[i]->client), "answer " + std::to_string(i));
    }
  }

  testing::Authority authority_{"ca"};
  ServerContextPtr server_ = make_server(authority_.issue({.alternative_names = "DNS:server.test"}));
  ClientContextPtr client_ = make_client(authority_);
};

TEST_F(ChannelTest, HandshakesInTurnEndEachAtItsOwnPeer) {
  auto all = connections(5);
  shake_hands(all);
  expect_own_words(all);
}

TEST_F(ChannelTest, WhoGoesInTheMiddleOfAHandshakeTakesNothingAlong) {
  auto all = connections(5);
  for (const auto& one : all) {
    EXPECT_EQ(one->client->handshake().state, Handshake::State::kWantsRead);
    EXPECT_EQ(one->server->handshake().state, Handshake::State::kWantsRead);
  }
  all.erase(all.begin() + 4);
  all.erase(all.begin() + 2);
  all.erase(all.begin());
  shake_hands(all);
  expect_own_words(all);
}

TEST_F(ChannelTest, AConnectionMayGoOnInAnotherThread) {
  auto all = connections(3);
  for (std::size_t done = 0; done < all.size();) {
    done = 0;
    std::thread([&] {  // which ends after one step
      for (const auto& one : all) done += one->step() ? 1 : 0;
    })
        .join();
  }
  expect_own_words(all);
  std::thread([&] { expect_own_words(all); }).join();
  std::thread([&] { all.clear(); }).join();
}

TEST_F(ChannelTest, TheNameThatWasAskedForIsKnownAfterTheHandshake) {
  auto all = connections(1);
  shake_hands(all);
  EXPECT_EQ(all[0]->server->server_name(), "server.test");
}

TEST_F(ChannelTest, IsSmall) { EXPECT_LE(sizeof(Channel), 72u); }  // what malloc makes 80 of, for each idle connection

}  // namespace
}  // namespace respgate::tls
