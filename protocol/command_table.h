// What is known of every command: the one place that says what a command is
// called, may be used for, touches, and can answer.  Facts of Redis 7.0.15, Valkey
// 8 and later core commands; module commands are not here, so they are unknown,
// and what is unknown is denied.
//
// Immutable, usable from any thread without locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/resp.h"

namespace respgate::protocol {

using CommandId = std::uint16_t;                 // dense: 0 … command_count() - 1
inline constexpr CommandId kNoCommand = 0xffff;
inline constexpr std::size_t kMaxCommands = 1024;

// ACL categories in the order in which ACL CAT lists them.
enum class Category : std::uint8_t {
  kKeyspace, kRead, kWrite, kSet, kSortedSet, kList, kHash, kString, kBitmap, kHyperLogLog, kGeo,
  kStream, kPubSub, kAdmin, kFast, kSlow, kBlocking, kDangerous, kConnection, kTransaction, kScripting,
};
inline constexpr std::size_t kCategoryCount = 21;
using Categories = std::uint32_t;  // bit n = Category n
constexpr Categories bit(Category c) { return Categories{1} << static_cast<unsigned>(c); }
std::string_view category_name(Category c);                        // "sortedset"
std::optional<Category> find_category(std::string_view name);      // any case

using CommandFlags = std::uint32_t;
namespace flag {
inline constexpr CommandFlags kWrite = 1u << 0, kReadOnly = 1u << 1, kDenyOom = 1u << 2, kAdmin = 1u << 3, kPubSub = 1u << 4,
    kNoScript = 1u << 5, kBlocking = 1u << 6, kLoading = 1u << 7, kStale = 1u << 8, kFast = 1u << 9, kNoAuth = 1u << 10,
    kNoMulti = 1u << 11, kMovableKeys = 1u << 12, kAsking = 1u << 13, kAllowBusy = 1u << 14, kMayReplicate = 1u << 15,
    kProtected = 1u << 16, kSkipMonitor = 1u << 17, kSkipSlowlog = 1u << 18, kNoMandatoryKeys = 1u << 19,
    kTouchesArbitraryKeys = 1u << 20, kNoAsyncLoading = 1u << 21;
}  // namespace flag

// Access a key needs, as the server's ACL counts it: `access` is R; insert, update and delete are W.
enum class Access : std::uint8_t { kAny = 0, kRead = 1, kWrite = 2, kReadWrite = 3 };

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
  std::int16_t index = 0;          // begin kIndex
  std::string_view keyword;        // begin kKeyword
  std::int16_t start_from = 0;
  std::int16_t last_key = 0, key_step = 1, limit = 0;            // find kRange
  std::int16_t key_num_index = 0, first_key = 0;                 // find kKeyNum (with key_step)
  std::string_view flag_words;     // "RW access update", for COMMAND's own reply
};

// Which hand-written extraction applies where the specs cannot say it (acl.c / db.c getkeys functions).
enum class KeyFunction : std::uint8_t {
  kNone, kSet, kBitfield, kSort, kSortRo, kMigrate, kGeoRadius, kXRead, kNumKeys1, kNumKeys2, kStoreNumKeys, kMSetEx,
};

struct ChannelSpec {
  enum class Mode : std::uint8_t { kNone, kSubscribe, kUnsubscribe, kPublish };
  Mode mode = Mode::kNone;
  bool pattern = false;   // PSUBSCRIBE, PUNSUBSCRIBE
  std::int8_t first = 0;
  std::int8_t count = 0;  // -1: all that follow
};

// Where a command is answered.
enum class Dispatch : std::uint8_t {
  kForward,  // one request, one reply: may share a lane
  kLocal,    // the proxy answers
  kPinned,   // needs an upstream connection of its own for a while
  kRefused,  // never passes a shared proxy, whatever an ACL says
};

// What an upstream may answer: a lane whose server answers otherwise is out of step.
// Bits of both masks are reply_bit(type); errors are always possible.
using ReplyTypes = std::uint16_t;
ReplyTypes reply_bit(RespType type);
struct ReplyShape {
  enum class Length : std::uint8_t { kAny, kArgsMinusOne, kHalfOfArgs, kFixed };  // of a non-null top-level array
  ReplyTypes resp2 = 0;
  ReplyTypes resp3 = 0;
  Length length = Length::kAny;
  std::uint8_t fixed = 0;
  std::int8_t subtract = 0;  // kArgsMinusOne: argc - 1 - subtract (HMGET: n = argc - 2)
};

struct CommandSpec {
  std::string_view name;        // "get", "config|get": lower case, as ACL rules and error texts spell it
  CommandId id = kNoCommand;
  CommandId container = kNoCommand;  // of a subcommand
  bool is_container = false;         // has subcommands
  std::int16_t arity = 0;            // the server's: positive exact, negative minimum, name words counted
  CommandFlags flags = 0;
  Categories categories = 0;
  std::span<const KeySpec> keys;
  KeyFunction key_function = KeyFunction::kNone;
  ChannelSpec channels;
  Dispatch dispatch = Dispatch::kRefused;
  ReplyShape reply;
  std::int16_t first_key = 0, last_key = 0, key_step = 0;  // legacy triple of COMMAND
  bool in_redis_7_0 = false;

  bool has(CommandFlags f) const { return (flags & f) != 0; }
  bool in(Category c) const { return (categories & bit(c)) != 0; }
  bool arity_fits(std::size_t argc) const {
    return arity >= 0 ? argc == static_cast<std::size_t>(arity) : argc >= static_cast<std::size_t>(-arity);
  }
};

struct CommandLookup {
  enum class Status : std::uint8_t { kFound, kUnknownCommand, kUnknownSubcommand };
  Status status = Status::kUnknownCommand;
  const CommandSpec* spec = nullptr;  // kUnknownSubcommand: the container
};

// Looks a command up as the server does: any case, whole length (a NUL is a byte),
// argv[0] never split on '|', argv[1] only looked at behind a container.
// A container alone (`CONFIG`) is found as itself; its arity then fails.
CommandLookup find_command(Args args);

// "config|get" (any case) as ACL rules spell it; nullptr when unknown.
const CommandSpec* find_command_by_name(std::string_view full_name);
const CommandSpec& command(CommandId id);
std::span<const CommandSpec> all_commands();   // ordered by name; all_commands()[i].id == i
// The subcommands of a container, ordered by name.
std::span<const CommandSpec> subcommands(const CommandSpec& container);

// What a particular request may be answered with: worked out when it is sent,
// compared when its reply comes.
struct ReplyExpectation {
  static constexpr std::uint32_t kAnyLength = 0xffffffff;
  ReplyTypes types = 0xffff;
  std::uint32_t length = kAnyLength;
  bool admits(RespType type, std::int64_t frame_length) const;
};
ReplyExpectation expected_reply(const CommandSpec& spec, Args args, RespVersion version);

}  // namespace respgate::protocol
