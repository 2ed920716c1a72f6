// Where the keys and channels of a command stand among its arguments: Redis 7 "key
// specs", the server's hand-written extractions, and its channel specs, as data.
#pragma once

#include <cstdint>
#include <string_view>

namespace respgate::protocol {

// Access a key needs, as the server's ACL counts it: `access` is R; insert, update and delete are W.
enum class Access : std::uint8_t { kAny = 0, kRead = 1, kWrite = 2, kReadWrite = 3 };
constexpr Access operator|(Access a, Access b) { return static_cast<Access>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b)); }

// One key specification (Redis 7 "key specs").
struct KeySpec {
  enum class Begin : std::uint8_t { kIndex, kKeyword, kUnknown };
  enum class Find : std::uint8_t { kRange, kKeyNum, kUnknown };
  Begin begin = Begin::kUnknown;
  Find find = Find::kUnknown;
  Access access = Access::kAny;
  bool not_key = false;
  bool incomplete = false;
  bool variable_flags = false;
  std::int16_t index = 0;                              // begin kIndex
  std::string_view keyword;                            // begin kKeyword
  std::int16_t start_from = 0;                         // begin kKeyword; negative: backward, from the end
  std::int16_t last_key = 0, key_step = 1, limit = 0;  // find kRange; last_key relative to the first, < 0 from the end
  std::int16_t key_num_index = 0, first_key = 0;       // find kKeyNum (with key_step), relative to the beginning
  std::string_view flag_words;                         // "RW access update", for COMMAND's own reply
  std::string_view notes;                              // what COMMAND says beside it; mostly empty
};

// Which hand-written extraction applies where the specs cannot say it.
enum class KeyFunction : std::uint8_t {
  kNone,
  kSet,
  kBitfield,
  kSort,
  kSortRo,
  kMigrate,
  kGeoRadius,
  kXRead,
  kNumKeys1,
  kNumKeys2,
  kStoreNumKeys,
  kMSetEx,
};

struct ChannelSpec {
  enum class Mode : std::uint8_t { kNone, kSubscribe, kUnsubscribe, kPublish };
  Mode mode = Mode::kNone;
  bool pattern = false;  // PSUBSCRIBE, PUNSUBSCRIBE
  std::int16_t first = 0;
  std::int16_t count = 0;  // -1: all that follow
};

// Keys that a command can reach without naming them.
enum class Reach : std::uint8_t {
  kNamed,          // only what it names
  kAnyKeyBy,       // SORT BY pattern: must be granted all keys for reading
  kAnyKeyGet,      // SORT GET
  kAnyKey,         // scripts, functions and their like
  kKeyspaceNames,  // SCAN, KEYS, RANDOMKEY, DBSIZE…: names or numbers of keys of everyone
};

// Which databases a command touches (Valkey 9.1 `db=`).
enum class DatabaseScope : std::uint8_t { kNone, kCurrent, kNamed, kCurrentAndNamed, kAll };

struct DatabaseSpec {
  DatabaseScope scope = DatabaseScope::kNone;
  std::uint8_t first = 0;  // argument that names one
  std::uint8_t count = 0;  // and how many do, from there on
  bool by_option = false;  // COPY: any number of `DB n` behind the keys; the last one counts
};

}  // namespace respgate::protocol
