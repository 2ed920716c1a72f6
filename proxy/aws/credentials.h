// What AWS requests are signed with.  Plain data; the secrets are wiped when it goes,
// and nothing prints them.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include <openssl/crypto.h>

namespace respgate::proxy {

struct AwsCredentials {
  static constexpr std::int64_t kNeverExpires = std::numeric_limits<std::int64_t>::max();

  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;               // empty: the key is not a temporary one
  std::int64_t expires_s = kNeverExpires;  // Unix time

  bool operator==(const AwsCredentials&) const = default;

  ~AwsCredentials() {
    OPENSSL_cleanse(secret_access_key.data(), secret_access_key.size());
    OPENSSL_cleanse(session_token.data(), session_token.size());
  }
};

}  // namespace respgate::proxy
