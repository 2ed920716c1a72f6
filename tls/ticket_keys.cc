#include "tls/ticket_keys.h"

#include <algorithm>
#include <span>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace respgate::tls {
namespace {

// OpenSSL's words for what became of a ticket.
constexpr int kFailed = -1;
constexpr int kUnknown = 0;
constexpr int kGood = 1;
constexpr int kGoodButRenew = 2;

bool use_mac_key(EVP_MAC_CTX* mac, std::span<const unsigned char> key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.data()), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::TicketKeys(Clock clock) : clock_(clock) {}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const std::lock_guard lock(mutex_);
  if (!rotate_if_due()) return kFailed;
  if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return kFailed;
  std::copy(current_.name.begin(), current_.name.end(), name);
  const bool is_ready = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, current_.cipher.data(), iv) == 1;
  return is_ready && use_mac_key(mac, current_.mac) ? kGood : kFailed;
}

int TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const std::lock_guard lock(mutex_);
  if (!rotate_if_due()) return kFailed;
  const Key* key = find(name);
  if (key == nullptr) return kUnknown;
  if (!use_mac_key(mac, key->mac)) return kFailed;
  if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) != 1) return kFailed;
  return key == &current_ ? kGood : kGoodButRenew;
}

bool TicketKeys::rotate_if_due() {
  const std::int64_t now = clock_();
  if (current_.exists && now - current_.since < kLifetimeSeconds) return true;
  previous_ = current_;
  if (previous_.exists && now - previous_.since >= 2 * kLifetimeSeconds) OPENSSL_cleanse(&previous_, sizeof previous_);
  const bool made = RAND_bytes(current_.name.data(), static_cast<int>(current_.name.size())) == 1 &&
                    RAND_priv_bytes(current_.cipher.data(), static_cast<int>(current_.cipher.size())) == 1 &&
                    RAND_priv_bytes(current_.mac.data(), static_cast<int>(current_.mac.size())) == 1;
  current_.since = now;
  current_.exists = made;
  return made;
}

const TicketKeys::Key* TicketKeys::find(const unsigned char* name) const {
  for (const Key* key : {&current_, &previous_})
    if (key->exists && std::equal(key->name.begin(), key->name.end(), name)) return key;
  return nullptr;
}

}  // namespace respgate::tls
