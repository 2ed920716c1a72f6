#include "tls/ticket_keys.h"

#include <array>
#include <memory>

#include <gtest/gtest.h>

#include "tls/openssl.h"

namespace respgate::tls {
namespace {

std::int64_t now = 0;
std::int64_t test_clock() { return now; }

constexpr std::int64_t kHour = TicketKeys::kLifetimeSeconds;

// OpenSSL's side of a ticket: what it hands to the callbacks.
struct Ticket {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
};

class TicketKeysTest : public ::testing::Test {
 protected:
  TicketKeysTest() { now = 1000; }

  Ticket seal() { return seal_with(keys_); }
  static Ticket seal_with(TicketKeys& keys) {
    Ticket ticket;
    const auto use = [&](EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) { return keys.seal(ticket.name.data(), ticket.iv.data(), cipher, mac); };
    EXPECT_EQ(with_contexts(use), 1);
    return ticket;
  }
  // 1: good, 2: good, but a new one is due, 0: unknown.
  int open(const Ticket& ticket) {
    return with_contexts(
        [&](EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) { return keys_.open(ticket.name.data(), ticket.iv.data(), cipher, mac); });
  }

  TicketKeys keys_{test_clock};

 private:
  template <typename Use>
  static int with_contexts(Use use) {
    const std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>> cipher(EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>> mac(EVP_MAC_CTX_new(hmac.get()));
    return use(cipher.get(), mac.get());
  }
};

TEST_F(TicketKeysTest, ATicketIsGoodForAnHourAndOpensForAnother) {
  const Ticket ticket = seal();
  EXPECT_EQ(open(ticket), 1);
  now += kHour - 1;
  EXPECT_EQ(open(ticket), 1);
  now += 1;
  EXPECT_EQ(open(ticket), 2);
  now += kHour;
  EXPECT_EQ(open(ticket), 0);
}

TEST_F(TicketKeysTest, EachHourHasAKeyOfItsOwn) {
  const Ticket first = seal();
  EXPECT_EQ(seal().name, first.name);
  now += kHour;
  EXPECT_NE(seal().name, first.name);
}

// Nobody asked for two hours: no key is older than that for having been the last.
TEST_F(TicketKeysTest, AKeyDoesNotLiveOnBecauseNobodyAsked) {
  const Ticket ticket = seal();
  now += 2 * kHour;
  EXPECT_EQ(open(ticket), 0);
}

TEST_F(TicketKeysTest, AnotherListenersTicketIsUnknown) {
  TicketKeys others(test_clock);
  const Ticket ticket = seal_with(others);
  EXPECT_EQ(open(ticket), 0);
}

}  // namespace
}  // namespace respgate::tls
