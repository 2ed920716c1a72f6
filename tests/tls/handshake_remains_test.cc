#include "tls/handshake_remains.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "tests/tls/test_pki.h"

namespace respgate::tls {
namespace {

// Two ends over a pair of memory BIOs; the client does not ask who the server is.
class HandshakeRemainsTest : public ::testing::TestWithParam<std::pair<int, const char*>> {
 protected:
  void SetUp() override {
    const auto [version, group] = GetParam();
    testing::Issued issued = testing::Authority("ca").issue({});
    const KeyPtr key(PEM_read_bio_PrivateKey(reader_of(issued.key).get(), nullptr, nullptr, nullptr));
    ASSERT_EQ(SSL_CTX_use_certificate(server_context_.get(), issued.parsed.get()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey(server_context_.get(), key.get()), 1);
    ASSERT_EQ(SSL_CTX_set1_groups_list(server_context_.get(), group), 1);
    ASSERT_EQ(SSL_CTX_set_max_proto_version(server_context_.get(), version), 1);
    server_.reset(SSL_new(server_context_.get()));
    client_.reset(SSL_new(client_context_.get()));
    ASSERT_EQ(SSL_set_tlsext_host_name(client_.get(), "name.test"), 1);
    SSL_CTX_set_tlsext_servername_callback(
        server_context_.get(), +[](SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; });
    BIO *server_end = nullptr, *client_end = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&server_end, 0, &client_end, 0), 1);
    SSL_set_bio(server_.get(), server_end, server_end);
    SSL_set_bio(client_.get(), client_end, client_end);
    SSL_set_accept_state(server_.get());
    SSL_set_connect_state(client_.get());
    for (int turn = 0; turn < 4; ++turn) {
      SSL_do_handshake(client_.get());
      SSL_do_handshake(server_.get());
    }
    ASSERT_EQ(SSL_is_init_finished(server_.get()), 1);
    ASSERT_EQ(SSL_is_init_finished(client_.get()), 1);
  }

  // Whether anything is left of the keys of `ssl`, its own and its peer's; of those that it never had, nothing.
  static std::pair<bool, bool> has_keys(SSL* ssl) {
    EVP_PKEY *own = nullptr, *peers = nullptr;
    SSL_get_tmp_key(ssl, static_cast<void*>(&own));
    SSL_get_peer_tmp_key(ssl, static_cast<void*>(&peers));
    const KeyPtr freed_own(own), freed_peers(peers);
    return {is_key(own), is_key(peers)};
  }
  static bool is_key(EVP_PKEY* key) {
    unsigned char* encoded = nullptr;
    const bool is_there = key != nullptr && EVP_PKEY_get1_encoded_public_key(key, &encoded) > 0;
    OPENSSL_free(encoded);
    return is_there;
  }

  static std::string carry(SSL* from, SSL* to, std::string_view text) {
    EXPECT_EQ(SSL_write(from, text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
    std::array<char, 64> buffer;
    const int n = SSL_read(to, buffer.data(), buffer.size());
    return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : "";
  }

  SslContextPtr server_context_{SSL_CTX_new(TLS_server_method())};
  SslContextPtr client_context_{SSL_CTX_new(TLS_client_method())};
  SslPtr server_, client_;
};

TEST_P(HandshakeRemainsTest, NothingIsLeftOfThemAndTheConnectionGoesOn) {
  EXPECT_TRUE(has_keys(client_.get()).second);  // there is something to forget
  for (SSL* const end : {server_.get(), client_.get()}) {
    forget_handshake(end);
    EXPECT_EQ(has_keys(end), std::pair(false, false));
    forget_handshake(end);  // again
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_STREQ(SSL_get_servername(server_.get(), TLSEXT_NAMETYPE_host_name), "name.test");
  EXPECT_EQ(carry(client_.get(), server_.get(), "question"), "question");
  EXPECT_EQ(carry(server_.get(), client_.get(), "answer"), "answer");
  if (SSL_version(server_.get()) < TLS1_3_VERSION) return;
  EXPECT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
  EXPECT_EQ(carry(client_.get(), server_.get(), "under a new key"), "under a new key");
  EXPECT_EQ(carry(server_.get(), client_.get(), "under another"), "under another");
}

INSTANTIATE_TEST_SUITE_P(All, HandshakeRemainsTest,
                         ::testing::Values(std::pair(TLS1_3_VERSION, "X25519"), std::pair(TLS1_3_VERSION, "P-256"),
                                           std::pair(TLS1_3_VERSION, "P-384"), std::pair(TLS1_2_VERSION, "X25519")));

}  // namespace
}  // namespace respgate::tls
