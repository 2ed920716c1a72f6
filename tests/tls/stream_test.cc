#include "tls/stream.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/tls/test_pki.h"
#include "tests/tls/tls_pair.h"

namespace respgate::tls {
namespace {

using testing::Authority;
using testing::TlsPair;

class TlsStreamTest : public ::testing::Test {
 protected:
  static std::unique_ptr<TlsPair> make_pair() {
    Authority authority("ca");
    const ServerOptions server = testing::server_with(authority.issue({.alternative_names = "DNS:server.test"}));
    ClientOptions client;
    client.system_ca = false;
    client.ca = {"ca.crt", authority.certificate()};
    const std::int64_t now = testing::now_seconds();
    auto pair = std::make_unique<TlsPair>(*make_server_context(server, now), *make_client_context(std::move(client), now));
    EXPECT_TRUE(pair->shake_hands().is_good());
    EXPECT_EQ(TlsPair::read_all(pair->client()), "");  // the tickets
    return pair;
  }

  std::unique_ptr<TlsPair> pair_ = make_pair();
};

std::string numbered_lines(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + "\r\n";
  return text;
}

TEST_F(TlsStreamTest, GatheredBuffersArriveInOrderWhateverTheirSizes) {
  for (const std::size_t size : {1U, 100U, 5000U, 16383U, 16384U, 16385U, 30000U}) {
    std::vector<std::string> parts(7);
    std::vector<::iovec> gathered;
    std::string all;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i] = i == 3 ? "" : numbered_lines(size).substr(0, size);
      gathered.push_back({parts[i].data(), parts[i].size()});
      all += parts[i];
    }
    std::string received;
    const Transfer sent = pair_->client().write(gathered);
    EXPECT_FALSE(sent.error);
    received = TlsPair::read_all(pair_->server());
    EXPECT_EQ(received, all.substr(0, sent.bytes)) << size;
    EXPECT_EQ(sent.bytes, all.size()) << size;
  }
}

// A peer that does not read: what was begun is finished when it does, and nothing is sent twice.
TEST_F(TlsStreamTest, AWriteThatBlocksGoesOnWhereItStopped) {
  const std::string text = numbered_lines(8 << 20);
  std::string received;
  std::size_t sent = 0;
  unsigned times_blocked = 0;
  while (sent < text.size()) {
    const ::iovec rest{const_cast<char*>(text.data()) + sent, text.size() - sent};
    const Transfer written = pair_->client().write({&rest, 1});
    ASSERT_FALSE(written.error);
    sent += written.bytes;
    if (!written.blocked) continue;
    ++times_blocked;
    received += TlsPair::read_all(pair_->server());
  }
  received += TlsPair::read_all(pair_->server());
  EXPECT_GT(times_blocked, 0U);
  EXPECT_EQ(received, text);
}

TEST_F(TlsStreamTest, WhatOpenSslHasReadAheadIsAnnounced) {
  EXPECT_EQ(TlsPair::carry(pair_->client(), pair_->server(), ""), "");
  const std::string text = numbered_lines(3000);
  const ::iovec bytes{const_cast<char*>(text.data()), text.size()};
  ASSERT_EQ(pair_->client().write({&bytes, 1}).bytes, text.size());
  std::string received;
  std::array<char, 7> small;
  std::function<void(const error_code&)> on_readable = [&](const error_code& error) {
    ASSERT_FALSE(error);
    const Transfer got = pair_->server().read(small);
    received.append(small.data(), got.bytes);
    if (received.size() < text.size()) pair_->server().wait_readable(on_readable);
  };
  pair_->server().wait_readable(on_readable);
  pair_->io().run();
  EXPECT_EQ(received, text);
}

TEST_F(TlsStreamTest, AnIdleStreamIsNotAnnounced) {
  const std::string part(1, 'x');
  EXPECT_EQ(TlsPair::carry(pair_->client(), pair_->server(), part), part);
  unsigned calls = 0;
  pair_->server().wait_readable([&](const error_code&) { ++calls; });
  pair_->io().poll();
  EXPECT_EQ(calls, 0U);
  pair_->server().close();
  pair_->io().run();
  EXPECT_EQ(calls, 1U);
}

TEST_F(TlsStreamTest, TheEndIsOrderlyOnlyWhenItIsSaid) {
  std::array<char, 16> buffer;
  pair_->client().shutdown_send();
  EXPECT_EQ(pair_->server().read(buffer).error, boost::asio::error::eof);
  EXPECT_EQ(TlsPair::carry(pair_->server(), pair_->client(), "+OK\r\n"), "+OK\r\n");  // the other half goes on
}

TEST_F(TlsStreamTest, BytesBeforeTheEndAreReadBeforeIt) {
  const std::string last = "QUIT\r\n";
  const ::iovec bytes{const_cast<char*>(last.data()), last.size()};
  (void)pair_->client().write({&bytes, 1});
  pair_->client().close();
  std::array<char, 64> buffer;
  EXPECT_EQ(pair_->server().read(buffer).bytes, last.size());
  EXPECT_EQ(pair_->server().read(buffer).error, boost::asio::error::eof);
}

TEST_F(TlsStreamTest, ACutConnectionIsAnError) {
  pair_ = make_pair();
  ::shutdown(pair_->descriptor_of_client(), SHUT_RDWR);
  std::array<char, 16> buffer;
  EXPECT_EQ(pair_->server().read(buffer).error, boost::asio::error::connection_reset);
  const ::iovec bytes{buffer.data(), buffer.size()};
  EXPECT_TRUE(pair_->server().write({&bytes, 1}).error);
}

TEST_F(TlsStreamTest, PlainTextInPlaceOfRecordsIsAnError) {
  ASSERT_EQ(::send(pair_->descriptor_of_client(), "PING\r\n", 6, 0), 6);
  std::array<char, 16> buffer;
  EXPECT_EQ(pair_->server().read(buffer).error, boost::asio::error::connection_reset);
}

}  // namespace
}  // namespace respgate::tls
