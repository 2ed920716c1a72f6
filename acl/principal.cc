#include "acl/principal.h"

#include <algorithm>
#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "acl/words.h"
#include "protocol/text.h"

namespace respgate::acl {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool covers(protocol::Access granted, protocol::Access needed) {
  const auto have = static_cast<unsigned>(granted), want = static_cast<unsigned>(needed);
  return (have & want) == want;
}

}  // namespace

Secret::Digest Secret::digest_of(std::string_view password) {
  Digest digest{};
  // Fails only without memory; a digest of zeros must never pass for one of a password.
  if (EVP_Digest(password.data(), password.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

Secret Secret::of_password(std::string_view password) {
  Secret secret;
  secret.digest_ = digest_of(password);
  return secret;
}

std::optional<Secret> Secret::of_hex(std::string_view hex64) {
  Secret secret;
  if (hex64.size() != 2 * secret.digest_.size()) return std::nullopt;
  for (std::size_t i = 0; i < secret.digest_.size(); ++i) {
    const std::size_t high = kHexDigits.find(hex64[2 * i]), low = kHexDigits.find(hex64[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    secret.digest_[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return secret;
}

bool Secret::equals(const Digest& digest) const { return CRYPTO_memcmp(digest_.data(), digest.data(), digest.size()) == 0; }

std::string Secret::to_hex() const {
  std::string hex;
  for (const std::uint8_t byte : digest_) {
    hex += kHexDigits[byte >> 4];
    hex += kHexDigits[byte & 15];
  }
  return hex;
}

bool CommandSet::contains_first_argument(protocol::CommandId id, std::string_view argument) const {
  return std::any_of(first_arguments_.begin(), first_arguments_.end(), [&](const FirstArgument& granted) {
    return granted.id == id && protocol::equals_any_case(granted.argument, argument);
  });
}

bool CommandSet::has_first_arguments(protocol::CommandId id) const {
  return std::any_of(first_arguments_.begin(), first_arguments_.end(), [&](const FirstArgument& granted) { return granted.id == id; });
}

bool Selector::grants_reading_every_key() const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [](const KeyGrant& grant) {
           return grant.pattern.text() == "*" && covers(grant.access, protocol::Access::kRead);
         });
}

bool Selector::grants(std::string_view key, protocol::Access access) const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(),
                                  [&](const KeyGrant& grant) { return covers(grant.access, access) && grant.pattern.matches(key); });
}

bool Selector::grants_channel(std::string_view channel, bool is_pattern) const {
  return all_channels_ || std::any_of(channels_.begin(), channels_.end(), [&](const Pattern& granted) {
           return is_pattern ? granted.text() == channel : granted.matches(channel);
         });
}

bool Selector::grants_database(std::int64_t database) const {
  return all_databases_ || std::binary_search(databases_.begin(), databases_.end(), database);
}

bool Selector::is_unrestricted() const { return commands_.is_all() && all_keys_ && all_channels_ && all_databases_; }

bool Principal::is_unrestricted() const {
  return std::any_of(selectors_.begin(), selectors_.end(), [](const Selector& selector) { return selector.is_unrestricted(); });
}

bool Principal::operator==(const Principal& other) const {
  return name_ == other.name_ && passwords_ == other.passwords_ && selectors_ == other.selectors_ && enabled_ == other.enabled_ &&
         nopass_ == other.nopass_ && sanitize_payload_ == other.sanitize_payload_;
}

}  // namespace respgate::acl
