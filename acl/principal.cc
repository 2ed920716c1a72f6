#include "acl/principal.h"

#include <algorithm>
#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "acl/words.h"
#include "protocol/hex.h"
#include "protocol/text.h"

namespace respgate::acl {
namespace {

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
  if (!protocol::read_hex(hex64, secret.digest_)) return std::nullopt;
  return secret;
}

bool Secret::equals(const Digest& digest) const { return CRYPTO_memcmp(digest_.data(), digest.data(), digest.size()) == 0; }

std::string Secret::to_hex() const { return protocol::to_hex(digest_); }

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
  if (all_keys_) return true;
  const int first = key.empty() ? Pattern::kAnyByte : static_cast<unsigned char>(key.front());
  const KeyGrant* grant = keys_.data();
  for (const int wanted : first_bytes_) {
    if ((wanted == first || wanted == Pattern::kAnyByte) && covers(grant->access, access) && grant->pattern.matches(key)) return true;
    ++grant;
  }
  return false;
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
