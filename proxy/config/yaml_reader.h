// Strict typed reading of a YAML map.  Every read names the key it wants, so the
// code that reads a section is also the list of what may stand there: finish()
// reports whatever was never asked for.  Wrong values go to the ErrorLog, with their
// place and what to write instead, and leave the target as it was.
//
//   MapReader limits = root.section("limits");
//   limits.duration("idle_timeout", out.idle_timeout, kFromZero);
//   limits.finish();
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/config/config_error.h"
#include "proxy/config/yaml_tree.h"

namespace respgate::proxy {

struct CountRange {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
};

struct DurationRange {
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max{0};
};

// One item of a list of texts, or one value of a map with free keys.
struct PlacedText {
  std::string text;
  Position at;
};

struct PlacedPair {
  PlacedText key;
  PlacedText value;
};

class MapReader {
 public:
  // `path` is how messages call the map: "limits", "listeners[0]", "" for the file itself.
  // REQUIRES: node and errors outlive the reader.
  MapReader(const YamlNode& node, std::string path, ErrorLog& errors);
  // A map that is not there: reads as empty.
  MapReader(std::string path, ErrorLog& errors) : path_(std::move(path)), errors_(&errors) {}

  const std::string& path() const { return path_; }
  Position at() const { return at_; }
  // How many the ErrorLog holds so far.
  std::size_t complaints() const { return errors_->size(); }
  bool has(std::string_view key) { return find(key) != nullptr; }
  bool has_empty_list(std::string_view key);
  bool is_single_value(std::string_view key);  // and no list or map
  // Where the value of a key stands; the map itself when it is not there.
  Position place(std::string_view key);

  // Each gives true when the key is there and right.
  bool text(std::string_view key, std::string& out);
  bool flag(std::string_view key, bool& out);
  bool count(std::string_view key, std::size_t& out, CountRange range);
  bool duration(std::string_view key, std::chrono::milliseconds& out, DurationRange range);
  bool size(std::string_view key, std::size_t& out, CountRange bytes);
  bool texts(std::string_view key, std::vector<PlacedText>& out);
  bool pairs(std::string_view key, std::vector<PlacedPair>& out);  // free keys, text values
  // One of a few words, compared whether quoted or not.
  template <class Choice>
  bool choice(std::string_view key, Choice& out, std::initializer_list<std::pair<std::string_view, Choice>> words);
  // The text of a single value however it is spelled; for what has a grammar of its own (addresses, `auto`, `50%`).
  std::optional<std::string> spelling(std::string_view key);

  // A map under a key; one that is not there reads as empty.
  MapReader section(std::string_view key);
  // A list of maps under a key.
  std::vector<MapReader> sections(std::string_view key);
  // The entries of a map with free keys, as (key, map).
  struct NamedSection;
  std::vector<NamedSection> named_sections(std::string_view key);
  // The entries of a map with free keys, as (key, list of texts).
  struct NamedTexts {
    PlacedText name;
    std::vector<PlacedText> texts;
  };
  std::vector<NamedTexts> named_texts(std::string_view key);

  // The key belongs to a part that is not built: refused, unless it says what happens anyway.
  // `inert` is that value ("off", "[]", "{}", "0"); empty: there is none.
  void not_built(std::string_view key, std::string_view inert, std::string_view instead);

  void require(std::string_view key, std::string_view example);
  // A complaint about a key's value: "path.key: what".
  void complain(std::string_view key, std::string_view what);
  void complain_at(Position at, std::string_view key, std::string_view what);

  // Reports the keys nobody asked for, with the nearest one that exists.
  void finish();

 private:
  const YamlEntry* entry(std::string_view key);
  const YamlNode* find(std::string_view key);
  const YamlNode* find(std::string_view key, YamlNode::Kind kind, std::string_view wanted);
  bool choose(std::string_view key, std::vector<std::string_view> words, std::size_t& index);
  bool texts_of(const YamlNode& list, const std::string& name, std::vector<PlacedText>& out);
  std::string name_of(std::string_view key) const;

  std::span<const YamlEntry> entries_;
  Position at_;
  std::string path_;
  ErrorLog* errors_;
  std::vector<std::string> known_;
};

struct MapReader::NamedSection {
  PlacedText name;
  MapReader section;
};

template <class Choice>
bool MapReader::choice(std::string_view key, Choice& out, std::initializer_list<std::pair<std::string_view, Choice>> words) {
  std::vector<std::string_view> names;
  for (const auto& word : words) names.push_back(word.first);
  std::size_t index = 0;
  if (!choose(key, std::move(names), index)) return false;
  out = words.begin()[index].second;
  return true;
}

}  // namespace respgate::proxy
