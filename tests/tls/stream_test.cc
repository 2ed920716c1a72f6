#include "tls/stream.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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

class DeliveryTest : public ::testing::Test {
 protected:
  ~DeliveryTest() override {
    if (peer_ >= 0) ::close(peer_);
  }

  Stream stream_on(int family, int descriptor) { return Stream(Socket(io_.get_executor(), Socket::protocol_type(family, 0), descriptor)); }

  // One side; the other is peer_, which takes little in advance.
  Stream connect_by_tcp() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), few = 2048;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    EXPECT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    peer_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::setsockopt(peer_, SOL_SOCKET, SO_RCVBUF, &few, sizeof few), 0);
    EXPECT_EQ(::connect(peer_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    ::close(listener);
    return stream_on(AF_INET, accepted);
  }

  static void write(Stream& stream, const std::string& text) {
    const ::iovec bytes{const_cast<char*>(text.data()), text.size()};
    EXPECT_EQ(stream.write({&bytes, 1}).bytes, text.size());
  }

  std::string read_from_peer(std::size_t size) const {
    std::string got(size, ' ');
    got.resize(static_cast<std::size_t>(std::max<ssize_t>(::recv(peer_, got.data(), size, MSG_WAITALL), 0)));
    return got;
  }

  boost::asio::io_context io_;
  int peer_ = -1;
};

TEST_F(DeliveryTest, OverTcpItIsWhatThePeersKernelHas) {
  Stream stream = connect_by_tcp();
  EXPECT_TRUE(stream.is_delivered());
  const std::string text = numbered_lines(40000);
  write(stream, text);
  EXPECT_FALSE(stream.is_delivered());
  EXPECT_EQ(read_from_peer(text.size()), text);
}

TEST_F(DeliveryTest, OverAUnixSocketAllIsThereWhateverIsUnread) {
  std::array<int, 2> ends;
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  peer_ = ends[1];
  Stream stream = stream_on(AF_UNIX, ends[0]);
  const std::string text = numbered_lines(40000);
  write(stream, text);
  ASSERT_EQ(::send(peer_, "x", 1, 0), 1);
  EXPECT_TRUE(stream.is_delivered());
  stream.close();
  EXPECT_EQ(read_from_peer(text.size()), text);
}

}  // namespace
}  // namespace respgate::tls
