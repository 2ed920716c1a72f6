// The keys that seal session tickets of one listener.  They live in memory only and
// end with the context they belong to, so a ticket never outlives the configuration
// that admitted its holder; within that, a new key is made every hour and the one
// before it still opens (RFC 5077 §5.5).
//
// Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include <openssl/evp.h>
#include <openssl/ssl.h>

namespace respgate::tls {

class TicketKeys {
 public:
  static constexpr std::int64_t kLifetimeSeconds = 3600;

  // `clock` gives seconds that never go back.
  using Clock = std::int64_t (*)();
  explicit TicketKeys(Clock clock);
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  // What OpenSSL asks of a SSL_CTX_set_tlsext_ticket_key_evp_cb.
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    std::int64_t since = 0;
    bool exists = false;
  };
  bool rotate_if_due();
  const Key* find(const unsigned char* name) const;

  const Clock clock_;
  std::mutex mutex_;
  Key current_;
  Key previous_;
};

}  // namespace respgate::tls
