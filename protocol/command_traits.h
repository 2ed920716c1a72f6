// The properties by which commands are grouped: the server's command flags and the
// ACL categories, with the words both are written in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace respgate::protocol {

// ACL categories in the order in which ACL CAT lists them.
enum class Category : std::uint8_t {
  kKeyspace,
  kRead,
  kWrite,
  kSet,
  kSortedSet,
  kList,
  kHash,
  kString,
  kBitmap,
  kHyperLogLog,
  kGeo,
  kStream,
  kPubSub,
  kAdmin,
  kFast,
  kSlow,
  kBlocking,
  kDangerous,
  kConnection,
  kTransaction,
  kScripting,
};
inline constexpr std::size_t kCategoryCount = 21;
using Categories = std::uint32_t;  // bit n = Category n
constexpr Categories bit(Category c) { return Categories{1} << static_cast<unsigned>(c); }
inline constexpr std::string_view kCategoryNames[kCategoryCount] = {
    "keyspace", "read",   "write", "set",  "sortedset", "list",     "hash",      "string",     "bitmap",      "hyperloglog", "geo",
    "stream",   "pubsub", "admin", "fast", "slow",      "blocking", "dangerous", "connection", "transaction", "scripting"};
std::string_view category_name(Category c);                    // "sortedset"
std::optional<Category> find_category(std::string_view name);  // any case

using CommandFlags = std::uint32_t;
namespace flag {
inline constexpr CommandFlags kWrite = 1u << 0, kReadOnly = 1u << 1, kDenyOom = 1u << 2, kAdmin = 1u << 3, kPubSub = 1u << 4,
                              kNoScript = 1u << 5, kBlocking = 1u << 6, kLoading = 1u << 7, kStale = 1u << 8, kFast = 1u << 9,
                              kNoAuth = 1u << 10, kNoMulti = 1u << 11, kMovableKeys = 1u << 12, kAsking = 1u << 13, kAllowBusy = 1u << 14,
                              kMayReplicate = 1u << 15, kProtected = 1u << 16, kSkipMonitor = 1u << 17, kSkipSlowlog = 1u << 18,
                              kNoMandatoryKeys = 1u << 19, kTouchesArbitraryKeys = 1u << 20, kNoAsyncLoading = 1u << 21;
}  // namespace flag

struct FlagWord {
  std::string_view word;  // "readonly"
  CommandFlags flag = 0;
  bool is_hidden = false;  // the server knows it, but COMMAND does not say it
};
// Every flag, in the order in which COMMAND lists them.
inline constexpr FlagWord kFlagWords[] = {
    {"write", flag::kWrite},
    {"readonly", flag::kReadOnly},
    {"denyoom", flag::kDenyOom},
    {"admin", flag::kAdmin},
    {"pubsub", flag::kPubSub},
    {"noscript", flag::kNoScript},
    {"blocking", flag::kBlocking},
    {"loading", flag::kLoading},
    {"stale", flag::kStale},
    {"skip_monitor", flag::kSkipMonitor},
    {"skip_slowlog", flag::kSkipSlowlog},
    {"asking", flag::kAsking},
    {"fast", flag::kFast},
    {"no_auth", flag::kNoAuth},
    {"may_replicate", flag::kMayReplicate, true},
    {"no_mandatory_keys", flag::kNoMandatoryKeys},
    {"protected", flag::kProtected, true},
    {"no_async_loading", flag::kNoAsyncLoading},
    {"no_multi", flag::kNoMulti},
    {"movablekeys", flag::kMovableKeys},
    {"allow_busy", flag::kAllowBusy},
    {"touches_arbitrary_keys", flag::kTouchesArbitraryKeys, true},
};

}  // namespace respgate::protocol
