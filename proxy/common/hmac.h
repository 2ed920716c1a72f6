// HMAC-SHA256 (RFC 2104) with one key, of many texts: the key is prepared once, which costs more than most texts do.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include <openssl/evp.h>

namespace respgate::proxy {

// One thread at a time.  Functions throw std::runtime_error where OpenSSL cannot compute it.
class Hmac {
 public:
  using Value = std::array<std::uint8_t, 32>;

  explicit Hmac(std::string_view key);
  // Of these, one behind the other.
  Value of(std::initializer_list<std::string_view> texts) const;

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace respgate::proxy
