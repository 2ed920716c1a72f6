#include "proxy/gate/command_reply.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/reply_writer.h"
#include "proxy/gate/command_history.h"

namespace respgate::proxy {

namespace {

using protocol::CommandSpec;
using protocol::KeySpec;
using protocol::RespVersion;

std::vector<std::string_view> split(std::string_view words) {
  std::vector<std::string_view> parts;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    parts.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return parts;
}

void append_field(std::string_view name, std::int64_t value, std::string& out) {
  protocol::append_bulk(out, name);
  protocol::append_integer(out, value);
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
  protocol::append_bulk(out, name);
  protocol::append_bulk(out, value);
}

void append_flags(const CommandSpec& spec, RespVersion version, std::string& out) {
  std::vector<std::string_view> words;
  for (const protocol::FlagWord& each : protocol::kFlagWords) {
    if (!each.is_hidden && spec.has(each.flag)) words.push_back(each.word);
  }
  protocol::append_set(out, version, words.size());
  for (const std::string_view word : words) protocol::append_simple(out, word);
}

std::vector<std::string> categories_of(const CommandSpec& spec) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < protocol::kCategoryCount; ++i) {
    const auto category = static_cast<protocol::Category>(i);
    if (spec.in(category)) words.push_back("@" + std::string(protocol::category_name(category)));
  }
  return words;
}

void append_categories(const CommandSpec& spec, RespVersion version, std::string& out) {
  const std::vector<std::string> words = categories_of(spec);
  protocol::append_set(out, version, words.size());
  for (const std::string& word : words) protocol::append_simple(out, word);
}

void append_tips(const CommandSpec& spec, RespVersion version, std::string& out) {
  const std::vector<std::string_view> tips = split(spec.tips);
  protocol::append_set(out, version, tips.size());
  for (const std::string_view tip : tips) protocol::append_bulk(out, tip);
}

// A map of type and spec, up to the pairs of the spec.
void append_search(std::string_view type, std::size_t pairs, RespVersion version, std::string& out) {
  protocol::append_map(out, version, 2);
  append_field("type", type, out);
  protocol::append_bulk(out, "spec");
  protocol::append_map(out, version, pairs);
}

void append_begin_search(const KeySpec& spec, RespVersion version, std::string& out) {
  protocol::append_bulk(out, "begin_search");
  switch (spec.begin) {
    case KeySpec::Begin::kUnknown: return append_search("unknown", 0, version, out);
    case KeySpec::Begin::kIndex: append_search("index", 1, version, out); return append_field("index", spec.index, out);
    case KeySpec::Begin::kKeyword:
      append_search("keyword", 2, version, out);
      append_field("keyword", spec.keyword, out);
      return append_field("startfrom", spec.start_from, out);
  }
}

void append_find_keys(const KeySpec& spec, RespVersion version, std::string& out) {
  protocol::append_bulk(out, "find_keys");
  switch (spec.find) {
    case KeySpec::Find::kUnknown: return append_search("unknown", 0, version, out);
    case KeySpec::Find::kRange:
      append_search("range", 3, version, out);
      append_field("lastkey", spec.last_key, out);
      append_field("keystep", spec.key_step, out);
      return append_field("limit", spec.limit, out);
    case KeySpec::Find::kKeyNum:
      append_search("keynum", 3, version, out);
      append_field("keynumidx", spec.key_num_index, out);
      append_field("firstkey", spec.first_key, out);
      return append_field("keystep", spec.key_step, out);
  }
}

void append_key_spec(const KeySpec& spec, RespVersion version, std::string& out) {
  protocol::append_map(out, version, spec.notes.empty() ? 3 : 4);
  if (!spec.notes.empty()) append_field("notes", spec.notes, out);
  protocol::append_bulk(out, "flags");
  append_words(spec.flag_words, version, out);
  append_begin_search(spec, version, out);
  append_find_keys(spec, version, out);
}

// Everything but the subcommands: the last of the ten elements.
void append_own_info(const CommandCatalog& catalog, const CommandSpec& spec, RespVersion version, std::string& out) {
  protocol::append_array(out, 10);
  protocol::append_bulk(out, catalog.name_of(spec));
  protocol::append_integer(out, spec.arity);
  append_flags(spec, version, out);
  for (const std::int16_t legacy : {spec.first_key, spec.last_key, spec.key_step}) protocol::append_integer(out, legacy);
  append_categories(spec, version, out);
  append_tips(spec, version, out);
  protocol::append_set(out, version, spec.keys.size());
  for (const KeySpec& key : spec.keys) append_key_spec(key, version, out);
}

using Pair = std::pair<std::string_view, std::string>;

std::string summary_of(const CommandSpec& spec) {
  std::string summary = "ACL categories:";
  for (const std::string& category : categories_of(spec)) summary.append(" ").append(category);
  return summary;
}

std::vector<Pair> known_docs(const CommandSpec& spec) {
  const CommandHistory history = history_of(spec);
  std::vector<Pair> pairs{{"summary", summary_of(spec)}};
  if (!history.since.empty()) pairs.emplace_back("since", history.since);
  pairs.emplace_back("group", history.group);
  return pairs;
}

void append_own_docs(const CommandCatalog& catalog, const CommandSpec& spec, bool with_subcommands, RespVersion version, std::string& out) {
  const std::vector<Pair> pairs = known_docs(spec);
  protocol::append_bulk(out, catalog.name_of(spec));
  protocol::append_map(out, version, pairs.size() + (with_subcommands ? 1 : 0));
  for (const auto& [name, value] : pairs) append_field(name, value, out);
}

}  // namespace

void append_words(std::string_view words, RespVersion version, std::string& out) {
  const std::vector<std::string_view> parts = split(words);
  protocol::append_set(out, version, parts.size());
  for (const std::string_view part : parts) protocol::append_simple(out, part);
}

void append_command_info(const CommandCatalog& catalog, const CommandSpec& spec, RespVersion version, std::string& out) {
  const CommandCatalog::Specs subcommands = catalog.subcommands(spec);
  append_own_info(catalog, spec, version, out);
  // The server's habit: an empty set where there are none, an array where there are.
  if (subcommands.empty()) return protocol::append_set(out, version, 0);
  protocol::append_array(out, subcommands.size());
  for (const CommandSpec* subcommand : subcommands) {
    append_own_info(catalog, *subcommand, version, out);
    protocol::append_set(out, version, 0);
  }
}

void append_command_docs(const CommandCatalog& catalog, const CommandSpec& spec, RespVersion version, std::string& out) {
  const CommandCatalog::Specs subcommands = catalog.subcommands(spec);
  append_own_docs(catalog, spec, !subcommands.empty(), version, out);
  if (subcommands.empty()) return;
  protocol::append_bulk(out, "subcommands");
  protocol::append_map(out, version, subcommands.size());
  for (const CommandSpec* subcommand : subcommands) append_own_docs(catalog, *subcommand, false, version, out);
}

}  // namespace respgate::proxy
