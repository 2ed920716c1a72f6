#include "proxy/gate/acl_log.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace respgate::proxy {
namespace {

constexpr std::size_t kComparedWith = 10;
constexpr std::int64_t kAlikeForMs = 60'000;

bool are_alike(const AclLogEntry& a, const AclLogEntry& b) {
  return a.reason == b.reason && a.context == b.context && std::abs(a.last_ms - b.last_ms) <= kAlikeForMs && a.object == b.object &&
         a.username == b.username;
}

}  // namespace

std::string_view acl_log_reason(AclLogEntry::Reason reason) {
  constexpr std::string_view kNames[] = {"command", "key", "channel", "database", "auth", "tls-cert"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string_view acl_log_context(AclLogEntry::Context context) { return context == AclLogEntry::Context::kMulti ? "multi" : "toplevel"; }

void AclLog::add(AclLogEntry entry) {
  const auto end = std::next(entries_.begin(), static_cast<std::ptrdiff_t>(std::min(entries_.size(), kComparedWith)));
  const auto same = std::find_if(entries_.begin(), end, [&](const AclLogEntry& other) { return are_alike(entry, other); });
  if (same != end) {
    ++same->count;
    same->client_info = std::move(entry.client_info);
    same->last_ms = entry.last_ms;
    same->last_unix_ms = entry.last_unix_ms;
    entries_.splice(entries_.begin(), entries_, same);
    return;
  }
  entry.count = 1;
  entry.id = next_id_++;
  entry.created_unix_ms = entry.last_unix_ms;
  entries_.push_front(std::move(entry));
  if (entries_.size() > kMost) entries_.pop_back();
}

std::vector<AclLogEntry> AclLog::newest(std::size_t count) const {
  const auto end = std::next(entries_.begin(), static_cast<std::ptrdiff_t>(std::min(entries_.size(), count)));
  return {entries_.begin(), end};
}

}  // namespace respgate::proxy
