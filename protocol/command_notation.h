// Reads the notation of command_table.inc, at compile time: a row that cannot be
// read does not compile, and nothing is left to do when the program starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/command_table.h"

namespace respgate::protocol::notation {

// The columns of command_table.inc, described at its top.
struct Row {
  std::string_view name;
  bool in_redis_7_0;
  std::int16_t arity;
  Dispatch dispatch;
  std::string_view flags;
  std::string_view categories;
  std::string_view touches;
  std::string_view answers;
  std::string_view tips;
};

// Thrown while compiling only: the compiler stops there, and shows the row.
struct Unreadable {
  const char* why;
};

consteval void require(bool holds, const char* why) {
  if (!holds) throw Unreadable{why};
}

// Cuts `text` at the first `separator` and returns what stands before it.
consteval std::string_view take(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view head = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + separator.size());
  return head;
}

// Reads the number at the front of `text`, which may be negative.
consteval std::int16_t take_number(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  require(!text.empty() && text.front() >= '0' && text.front() <= '9', "a number is missing");
  int value = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) value = value * 10 + (text.front() - '0');
  return static_cast<std::int16_t>(negative ? -value : value);
}

consteval bool take_mark(std::string_view& text, std::string_view mark) {
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(mark.size());
  return true;
}

// "RW access update": RO, RW, OW and RM only describe; access and the three kinds of writing count.
consteval void read_flag_words(std::string_view words, KeySpec& spec) {
  spec.flag_words = words;
  while (!words.empty()) {
    const std::string_view word = take(words, " ");
    if (word == "access") spec.access = spec.access | Access::kRead;
    if (word == "insert" || word == "update" || word == "delete") spec.access = spec.access | Access::kWrite;
    if (word == "not_key") spec.not_key = true;
    if (word == "incomplete") spec.incomplete = true;
    if (word == "variable_flags") spec.variable_flags = true;
  }
}

// "1..-1/2", "STORE:6", "1#0+1", "?"
consteval void read_place(std::string_view place, KeySpec& spec) {
  if (place == "?") return;
  spec.find = KeySpec::Find::kRange;
  if (place.front() >= '0' && place.front() <= '9') {
    spec.begin = KeySpec::Begin::kIndex;
    spec.index = take_number(place);
  } else {
    spec.begin = KeySpec::Begin::kKeyword;
    spec.keyword = take(place, ":");
    spec.start_from = take_number(place);
  }
  if (take_mark(place, "..")) spec.last_key = take_number(place);
  if (take_mark(place, "#")) {
    spec.find = KeySpec::Find::kKeyNum;
    spec.key_num_index = take_number(place);
    require(take_mark(place, "+"), "#number+first");
    spec.first_key = take_number(place);
  }
  if (take_mark(place, "/")) spec.key_step = take_number(place);
  if (take_mark(place, "%")) spec.limit = take_number(place);
  require(place.empty(), "what is this behind the place of the keys?");
}

// "RW access update @1", "not_key @1"
consteval KeySpec read_key_spec(std::string_view clause) {
  KeySpec spec;
  const std::size_t at = clause.find('@');
  read_flag_words(clause.substr(0, at == 0 ? 0 : at - 1), spec);
  read_place(clause.substr(at + 1), spec);
  return spec;
}

consteval KeyFunction read_key_function(std::string_view name) {
  constexpr std::string_view kNames[] = {"none",      "set",   "bitfield", "sort",     "sort_ro",       "migrate",
                                         "georadius", "xread", "numkeys1", "numkeys2", "store_numkeys", "msetex"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<KeyFunction>(i);
  }
  throw Unreadable{"no such key function"};
}

consteval ChannelSpec read_channels(std::string_view words) {
  using enum ChannelSpec::Mode;
  const std::string_view mode = take(words, " ");
  const bool publishes = mode == "publish";
  require(publishes || mode == "subscribe" || mode == "unsubscribe", "channels subscribe | unsubscribe | publish");
  return {publishes             ? kPublish
          : mode == "subscribe" ? kSubscribe
                                : kUnsubscribe,
          words == "pattern", 1, static_cast<std::int16_t>(publishes ? 1 : -1)};
}

consteval Reach read_reach(std::string_view word) {
  require(word == "any" || word == "names", "reach any | names");
  return word == "any" ? Reach::kAnyKey : Reach::kKeyspaceNames;
}

// "all", "1 2", "current 2", "current option": see DatabaseSpec
consteval DatabaseSpec read_databases(std::string_view words) {
  using enum DatabaseScope;
  if (words == "all") return {kAll};
  const bool current = take_mark(words, "current ");
  if (words == "option") return {kCurrent, 0, 0, true};
  const std::int16_t first = take_number(words);
  const std::int16_t last = take_mark(words, " ") ? take_number(words) : first;
  return {current ? kCurrentAndNamed : kNamed, static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last - first + 1)};
}

// Everything of the `touches` column but the key specs, which live elsewhere.
consteval void read_touches(std::string_view touches, CommandSpec& spec) {
  while (!touches.empty()) {
    std::string_view clause = take(touches, "; ");
    if (clause.find('@') != std::string_view::npos) continue;
    const std::string_view kind = take(clause, " ");
    if (kind == "by") {
      spec.key_function = read_key_function(clause);
    } else if (kind == "channels") {
      spec.channels = read_channels(clause);
    } else if (kind == "databases") {
      spec.databases = read_databases(clause);
    } else {
      require(kind == "reach", "by | channels | databases | reach");
      spec.reach = read_reach(clause);
    }
  }
}

consteval std::size_t count_key_specs(std::string_view touches) {
  std::size_t count = 0;
  for (const char c : touches) count += c == '@';
  return count;
}

}  // namespace respgate::protocol::notation
