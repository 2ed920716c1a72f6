// Peers that keep a connection's thread busy with next to nothing.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/tls/test_pki.h"
#include "tls/stream.h"

namespace respgate::tls {
namespace {

constexpr int kTolerated = 32;

// A client that sends what it likes: OpenSSL fills `outgoing_`, and send() gives that to the server at once.
class RawClient {
 public:
  explicit RawClient(int descriptor) : descriptor_(descriptor), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_.get())) {
    incoming_ = BIO_new(BIO_s_mem());
    outgoing_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), incoming_, outgoing_);  // owns them
    SSL_set_connect_state(ssl_.get());
  }

  void shake_hands_with(Stream& server) {
    while (server.handshake().state != Handshake::State::kDone) {
      receive();
      SSL_do_handshake(ssl_.get());
      send();
    }
  }

  void write(const std::string& text) { ASSERT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())), text.size()); }
  void update_keys(int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
      ASSERT_EQ(SSL_do_handshake(ssl_.get()), 1);
    }
  }
  void send() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(outgoing_, &bytes);
    ASSERT_EQ(::send(descriptor_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL), size);
    BIO_reset(outgoing_);
  }

 private:
  void receive() {
    std::array<char, 16 * 1024> buffer;
    const ssize_t n = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) BIO_write(incoming_, buffer.data(), static_cast<int>(n));
  }

  const int descriptor_;
  SslContextPtr context_;
  SslPtr ssl_;
  BIO* incoming_;
  BIO* outgoing_;
};

class TlsFloodTest : public ::testing::Test {
 protected:
  TlsFloodTest() {
    testing::Authority authority("ca");
    server_.begin_tls(*make_server_context(testing::server_with(authority.issue({})), testing::now_seconds()));
    client_.shake_hands_with(server_);
  }
  ~TlsFloodTest() override { ::close(ends_[1]); }

  Transfer read() { return server_.read(buffer_); }
  std::string read_all() {
    std::string all;
    for (Transfer got = read(); got.bytes > 0; got = read()) all.append(buffer_.data(), got.bytes);
    return all;
  }

  boost::asio::io_context io_;
  std::array<int, 2> ends_ = connected_pair();
  Stream server_{Socket(io_.get_executor(), boost::asio::generic::stream_protocol(AF_UNIX, 0), ends_[0])};
  RawClient client_{ends_[1]};
  std::array<char, 64 * 1024> buffer_;

 private:
  static std::array<int, 2> connected_pair() {
    std::array<int, 2> ends;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
    return ends;
  }
};

TEST_F(TlsFloodTest, AFewKeyUpdatesAreFollowed) {
  client_.update_keys(kTolerated);
  client_.write("PING\r\n");
  client_.send();
  EXPECT_EQ(read_all(), "PING\r\n");
}

TEST_F(TlsFloodTest, AFloodOfKeyUpdatesIsTheEnd) {
  client_.update_keys(kTolerated + 1);
  client_.write("PING\r\n");
  client_.send();
  EXPECT_EQ(read().error, boost::asio::error::connection_reset);
  EXPECT_EQ(read().error, boost::asio::error::connection_reset);
  const ::iovec bytes{buffer_.data(), 1};
  EXPECT_TRUE(server_.write({&bytes, 1}).error);
}

TEST_F(TlsFloodTest, AByteBetweenKeyUpdatesDoesNotMakeThemFewer) {
  for (int i = 0; i <= kTolerated; ++i) {
    client_.update_keys(1);
    client_.write("x");
  }
  client_.send();
  EXPECT_EQ(read_all(), std::string(kTolerated, 'x'));
  EXPECT_EQ(read().error, boost::asio::error::connection_reset);
}

TEST_F(TlsFloodTest, KeyUpdatesAreForgivenForTheDataThatCameSince) {
  const std::string much(64 * 1024, 'x');
  for (int i = 0; i < 3; ++i) {
    client_.update_keys(kTolerated);
    client_.write(much);
    client_.send();
    EXPECT_EQ(read_all(), much);
  }
}

TEST_F(TlsFloodTest, RecordsOfOneByteEachAreReadByTurns) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::to_string(i);
  for (const char c : text) client_.write(std::string(1, c));
  client_.send();
  const Transfer first = read();
  EXPECT_LT(first.bytes, text.size());
  EXPECT_TRUE(server_.channel()->has_more());
  const std::string received(buffer_.data(), first.bytes);
  EXPECT_EQ(received + read_all(), text);
  EXPECT_FALSE(server_.channel()->has_more());
}

}  // namespace
}  // namespace respgate::tls
