#include "proxy/session/failed_logins.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace respgate::proxy {
namespace {

constexpr std::uint8_t kUnixSockets = 1;
constexpr std::uint8_t kAddress = 2;
constexpr std::uint8_t kNowhere = 3;
// A client who is logged in may send names of any length: hashing must not take longer than a login does.
constexpr std::size_t kHashedNameBytes = 4096;
constexpr std::int64_t kDelayStepMs = 20;
constexpr std::int64_t kLongestDelayMs = 1000;

std::int64_t delay_of(std::size_t failures, std::size_t max) {
  if (failures <= max) return 0;
  return std::min(static_cast<std::int64_t>(failures - max) * kDelayStepMs, kLongestDelayMs);
}

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes) {
  Digest digest{};
  // Fails only without memory, and a count that is everybody's would lock out everybody.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

std::string_view bytes_of(std::span<const std::uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

// ----------------------------------------------------------------------------------------------- window

void FailureWindow::advance(std::int64_t now_ms, std::int64_t length_ms) {
  const std::int64_t width_ms = (length_ms + kSlots - 2) / (kSlots - 1);
  if (width_ms != width_ms_) *this = {};
  width_ms_ = width_ms;
  const std::int64_t slot = now_ms / width_ms;
  // A worker whose clock was read a moment before another's counts in the slot that is newest.
  for (std::int64_t i = std::max(newest_ + 1, slot - kSlots + 1); i <= slot; ++i) counts_[static_cast<std::size_t>(i % kSlots)] = 0;
  newest_ = std::max(newest_, slot);
}

std::size_t FailureWindow::add(std::int64_t now_ms, std::int64_t length_ms) {
  advance(now_ms, length_ms);
  std::uint16_t& newest = counts_[static_cast<std::size_t>(newest_ % kSlots)];
  if (newest < UINT16_MAX) ++newest;
  return count(now_ms, length_ms);
}

std::size_t FailureWindow::count(std::int64_t now_ms, std::int64_t length_ms) {
  advance(now_ms, length_ms);
  return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0});
}

// ------------------------------------------------------------------------------------------------ counts

FailedLogins::FailedLogins() {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) throw std::runtime_error("no random numbers to be had");
}

std::optional<FailedLogins::Place> FailedLogins::place_of(std::string_view source) {
  if (source == kUnixSource) return Place{kUnixSockets, {}};
  const std::optional<Ip> ip = parse_ip(source);
  if (!ip) return std::nullopt;
  Place place{kAddress, *ip};
  constexpr std::size_t kCustomerBytes = 8;
  const bool is_v6 = to_string(*ip).find(':') != std::string::npos;
  if (is_v6) std::fill(place.address.begin() + kCustomerBytes, place.address.end(), std::uint8_t{0});
  return place;
}

bool FailedLogins::is_shared(const AuthFailureLimits& limits, std::string_view source) {
  if (source == kUnixSource) return limits.shared.has_unix_sockets;
  const std::optional<Ip> ip = parse_ip(source);
  return ip && std::any_of(limits.shared.networks.begin(), limits.shared.networks.end(),
                           [&](const IpNetwork& network) { return network.contains(*ip); });
}

FailedLogins::Tag FailedLogins::tag_of(std::string_view user) const {
  std::string text(bytes_of(secret_));
  text.append(user.substr(0, kHashedNameBytes));
  if (user.size() > kHashedNameBytes) text.append(std::to_string(user.size()));
  const Digest digest = sha256(text);
  Tag tag{};
  std::copy_n(digest.begin(), tag.size(), tag.begin());
  return tag;
}

FailedLogins::Part& FailedLogins::part_of(const Key& key, std::size_t& row) {
  std::string text(bytes_of(secret_));
  text.append(1, static_cast<char>(key.source.kind)).append(bytes_of(key.source.address)).append(bytes_of(key.user));
  const Digest digest = sha256(text);
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  row = number / kParts % kRows;
  return parts_[number % kParts];
}

// REQUIRES, as the next: part.mutex is held.
FailedLogins::Count* FailedLogins::find(Part& part, std::size_t row, const Key& key) {
  if (part.counts.empty()) return nullptr;
  const std::span<Count> counts(part.counts.data() + row * kWays, kWays);
  const auto found = std::find_if(counts.begin(), counts.end(), [&](const Count& count) { return count.key == key; });
  return found != counts.end() ? &*found : nullptr;
}

FailedLogins::Count& FailedLogins::find_or_make(Part& part, std::size_t row, const Key& key, const AuthFailureLimits& limits,
                                                std::int64_t now_ms) {
  if (part.counts.empty()) part.counts.resize(kRows * kWays);
  if (Count* const known = find(part, row, key)) return *known;
  const std::span<Count> counts(part.counts.data() + row * kWays, kWays);
  const auto weight = [&](Count& count) {
    const std::int64_t lock_left_ms = std::max<std::int64_t>(count.locked_until_ms - now_ms, 0);
    return std::tuple(lock_left_ms, count.window.count(now_ms, limits.per.count()), count.window.newest_slot());
  };
  const auto lightest = std::min_element(counts.begin(), counts.end(), [&](Count& a, Count& b) { return weight(a) < weight(b); });
  *lightest = Count{};
  lightest->key = key;
  return *lightest;
}

std::size_t FailedLogins::add(const AuthFailureLimits& limits, const Key& key, std::int64_t now_ms) {
  std::size_t row = 0;
  Part& part = part_of(key, row);
  const std::lock_guard lock(part.mutex);
  return find_or_make(part, row, key, limits, now_ms).window.add(now_ms, limits.per.count());
}

// Is it locked out?  Looked at and counted in one piece, so that no number of workers gets more guesses out of it.
bool FailedLogins::judge_pair(const AuthFailureLimits& limits, const Key& key, bool is_right, std::int64_t now_ms) {
  std::size_t row = 0;
  Part& part = part_of(key, row);
  const std::lock_guard lock(part.mutex);
  const Count* const known = find(part, row, key);
  if (known != nullptr && now_ms < known->locked_until_ms) return true;
  if (is_right) return false;
  Count& count = find_or_make(part, row, key, limits, now_ms);
  if (count.window.add(now_ms, limits.per.count()) >= limits.max) {
    count.locked_until_ms = now_ms + limits.lockout.count();
    count.window = {};
  }
  return false;
}

// ------------------------------------------------------------------------------------------------- public

LoginRuling FailedLogins::judge(const AuthFailureLimits& limits, std::string_view source, std::string_view user, bool is_right,
                                std::int64_t now_ms) {
  if (limits.max == 0) return {};
  const Place place = place_of(source).value_or(Place{kNowhere, {}});
  const Tag tag = tag_of(user);
  const bool is_locked_out = !is_shared(limits, source) && judge_pair(limits, {place, true, tag}, is_right, now_ms);
  if (is_right && !is_locked_out) return {};
  const std::size_t of_source = add(limits, {place, false, {}}, now_ms);
  const std::size_t of_user = add(limits, {{}, true, tag}, now_ms);
  return {is_locked_out, delay_of(std::max(of_source, of_user), limits.max)};
}

void FailedLogins::count_certificate(const AuthFailureLimits& limits, std::string_view source, std::int64_t now_ms) {
  if (limits.max > 0) add(limits, {place_of(source).value_or(Place{kNowhere, {}}), false, {}}, now_ms);
}

std::optional<std::size_t> FailedLogins::unlock(const std::optional<std::string_view>& user, const std::optional<std::string_view>& source,
                                                std::int64_t now_ms) {
  const std::optional<Place> place = source ? place_of(*source) : Place{};
  if (!place) return std::nullopt;
  const Tag tag = user ? tag_of(*user) : Tag{};
  std::size_t unlocked = 0;
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    for (Count& count : part.counts) {
      const bool is_meant = (!source || count.key.source == *place) && (!user || (count.key.has_user && count.key.user == tag));
      if (!is_meant) continue;
      if (count.locked_until_ms > now_ms) ++unlocked;
      count = {};
    }
  }
  return unlocked;
}

}  // namespace respgate::proxy
