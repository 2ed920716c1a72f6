#include "protocol/server_keys.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "protocol/text.h"

namespace respgate::protocol {
namespace {

// Positions are as wide as the widest number a request can hold, so that no sum of
// two of them overflows.
using Position = std::int64_t;

Position count_of(Args args) { return static_cast<Position>(args.size()); }
std::string_view at(Args args, Position i) { return args[static_cast<std::size_t>(i)]; }

// C's atoi as the server's platform has it: clamped to 64 bits, then cut to 32.
std::int32_t lenient_number(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    const std::int64_t digit = c - '0';
    if (value > (kMax - digit) / 10) return negative ? 0 : -1;  // the low half of the clamped number
    value = value * 10 + digit;
  }
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(negative ? -value : value));
}

// Where the search for keys begins; nothing when the keyword is not there.
std::optional<Position> begin_of(const KeySpec& spec, Args args) {
  if (spec.begin == KeySpec::Begin::kIndex) return spec.index;
  const bool forward = spec.start_from > 0;
  const Position start = forward ? spec.start_from : count_of(args) + spec.start_from;
  const Position end = forward ? count_of(args) - 1 : 1;
  const Position step = start <= end ? 1 : -1;
  for (Position i = start; i != end && i >= 1 && i < count_of(args); i += step) {
    if (is_option(at(args, i), spec.keyword)) return i + 1;
  }
  return std::nullopt;
}

struct KeyRange {
  Position first;
  Position last;
};

std::optional<KeyRange> range_from(const KeySpec& spec, Args args, Position begin) {
  if (spec.find == KeySpec::Find::kKeyNum) {
    const Position number_at = begin + spec.key_num_index;
    if (number_at >= count_of(args)) return std::nullopt;
    const std::optional<std::int64_t> number = parse_strict_integer(at(args, number_at));
    if (!number || *number < 0) return std::nullopt;
    const Position first = begin + spec.first_key;
    const auto keys = static_cast<std::int32_t>(static_cast<std::uint32_t>(*number));  // the server keeps 32 bits
    return KeyRange{first, first + Position{keys} * spec.key_step - 1};
  }
  if (spec.last_key >= 0) return KeyRange{begin, begin + spec.last_key};
  if (spec.limit == 0) return KeyRange{begin, count_of(args) + spec.last_key};
  return KeyRange{begin, begin + (count_of(args) - begin) / spec.limit + spec.last_key};
}

// Appends the keys of one spec; false when the server cannot work with it.
bool append_by_spec(const KeySpec& spec, Args args, std::vector<KeyRef>& keys) {
  if (spec.begin == KeySpec::Begin::kUnknown || spec.find == KeySpec::Find::kUnknown) return false;
  const std::optional<Position> begin = begin_of(spec, args);
  if (!begin) return true;
  const std::optional<KeyRange> range = range_from(spec, args, *begin);
  if (!range || range->first >= count_of(args) || range->last >= count_of(args) || range->last < range->first) return false;
  for (Position i = range->first; i <= range->last; i += spec.key_step) keys.push_back({static_cast<std::uint32_t>(i), spec.access});
  return !spec.incomplete;
}

bool append_by_specs(const CommandSpec& command, Args args, std::vector<KeyRef>& keys) {
  for (const KeySpec& spec : command.keys) {
    if (!spec.not_key && !append_by_spec(spec, args, keys)) return false;
  }
  return true;
}

void append_range(std::vector<KeyRef>& keys, Position first, Position count, Position step, Access access) {
  for (Position i = 0; i < count; ++i) keys.push_back({static_cast<std::uint32_t>(first + i * step), access});
}

// Reached when the specs failed, which is when numkeys is odd: no access is asked
// for, and the command will answer an error of its own.
void append_by_lenient_numkeys(Args args, Position number_at, Position step, std::vector<KeyRef>& keys) {
  const Position count = lenient_number(at(args, number_at));
  const Position first = number_at + 1;
  if (count < 1 || count > (count_of(args) - first) / step) return;
  append_range(keys, first, count, step, Access::kAny);
}

void append_store_numkeys(Args args, std::vector<KeyRef>& keys) {
  const std::size_t before = keys.size();
  append_by_lenient_numkeys(args, 2, 1, keys);
  if (keys.size() > before) keys.push_back({1, Access::kAny});
}

void append_set(Args args, std::vector<KeyRef>& keys) {
  const bool reads = std::ranges::any_of(args.subspan(3), [](std::string_view arg) { return is_option(arg, "GET"); });
  keys.push_back({1, reads ? Access::kReadWrite : Access::kWrite});
}

// Does every operation of a BITFIELD only read?  What is not understood writes.
bool bitfield_only_reads(Args args) {
  for (std::size_t i = 2; i < args.size(); ++i) {
    const std::size_t left = args.size() - i - 1;
    if (is_option(args[i], "GET") && left >= 2) {
      i += 2;
    } else if (is_option(args[i], "OVERFLOW") && left >= 1) {
      i += 1;
    } else {
      return false;
    }
  }
  return true;
}

// Takes the operand of STORE for an option in its turn, which the command does not.
void append_sort(Args args, std::vector<KeyRef>& keys) {
  keys.push_back({1, Access::kRead});
  std::size_t store = 0;
  for (std::size_t i = 2; i < args.size(); ++i) {
    if (is_option(args[i], "LIMIT")) {
      i += 2;
    } else if (is_option(args[i], "STORE") && i + 1 < args.size()) {
      store = i + 1;
    } else if (is_option(args[i], "GET") || is_option(args[i], "BY")) {
      i += 1;
    }
  }
  if (store != 0) keys.push_back({static_cast<std::uint32_t>(store), Access::kWrite});
}

void append_migrate(Args args, std::vector<KeyRef>& keys) {
  for (std::size_t i = 6; i < args.size(); ++i) {
    if (is_option(args[i], "KEYS")) {
      if (args[3].empty())
        append_range(keys, static_cast<Position>(i) + 1, count_of(args) - static_cast<Position>(i) - 1, 1, Access::kReadWrite);
      return;
    }
    if (is_option(args[i], "AUTH")) {
      i += 1;
    } else if (is_option(args[i], "AUTH2")) {
      i += 2;
    }
  }
  keys.push_back({3, Access::kReadWrite});
}

void append_georadius(Args args, std::vector<KeyRef>& keys) {
  keys.push_back({1, Access::kAny});
  std::size_t store = 0;
  for (std::size_t i = 5; i + 1 < args.size(); ++i) {
    if (is_option(args[i], "STORE") || is_option(args[i], "STOREDIST")) store = ++i;
  }
  if (store != 0) keys.push_back({static_cast<std::uint32_t>(store), Access::kAny});
}

void append_xread(Args args, std::vector<KeyRef>& keys) {
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (is_option(args[i], "STREAMS")) {
      const Position left = count_of(args) - static_cast<Position>(i) - 1;
      if (left % 2 == 0) append_range(keys, static_cast<Position>(i) + 1, left / 2, 1, Access::kAny);
      return;
    }
    if (is_option(args[i], "BLOCK") || is_option(args[i], "COUNT")) {
      i += 1;
    } else if (is_option(args[i], "GROUP")) {
      i += 2;
    } else if (!is_option(args[i], "NOACK")) {
      return;
    }
  }
}

void append_by_function(KeyFunction function, Args args, std::vector<KeyRef>& keys) {
  switch (function) {
    case KeyFunction::kNone: return;
    case KeyFunction::kSet: return append_set(args, keys);
    case KeyFunction::kBitfield: return keys.push_back({1, bitfield_only_reads(args) ? Access::kRead : Access::kReadWrite});
    case KeyFunction::kSort: return append_sort(args, keys);
    case KeyFunction::kSortRo: return keys.push_back({1, Access::kRead});
    case KeyFunction::kMigrate: return append_migrate(args, keys);
    case KeyFunction::kGeoRadius: return append_georadius(args, keys);
    case KeyFunction::kXRead: return append_xread(args, keys);
    case KeyFunction::kNumKeys1: return append_by_lenient_numkeys(args, 1, 1, keys);
    case KeyFunction::kNumKeys2: return append_by_lenient_numkeys(args, 2, 1, keys);
    case KeyFunction::kStoreNumKeys: return append_store_numkeys(args, keys);
    case KeyFunction::kMSetEx: return append_by_lenient_numkeys(args, 1, 2, keys);
  }
}

// A spec with variable flags says the most a command can do with its key; a function knows better.
bool specs_suffice(const CommandSpec& spec) {
  return spec.key_function == KeyFunction::kNone || std::ranges::none_of(spec.keys, &KeySpec::variable_flags);
}

}  // namespace

void append_server_keys(const CommandSpec& spec, Args args, std::vector<KeyRef>& keys) {
  const std::size_t before = keys.size();
  if (specs_suffice(spec) && append_by_specs(spec, args, keys)) return;
  keys.resize(before);
  append_by_function(spec.key_function, args, keys);
}

}  // namespace respgate::protocol
