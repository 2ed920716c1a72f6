// YAML text as a tree that remembers where everything stood and how it was spelled.
// A strict subset: no duplicate keys, aliases, anchors, tags or merge keys, one
// document, bounded depth.  What a configuration means is not known here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/config_error.h"

namespace respgate::proxy {

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;             // kScalar: "5" is text where 5 is a number
  std::string text;                // kScalar
  std::vector<YamlNode> items;     // kList
  std::vector<YamlEntry> entries;  // kMap, in the order of the file; keys are unique
  Position at;
};

struct YamlEntry {
  std::string key;
  Position key_at;
  YamlNode value;
};

// "a map", "text", "a list", "nothing": for messages.
std::string_view kind_name(const YamlNode& node);

// Everything that is wrong goes to `errors`.  Nothing: it cannot be read on.  An empty text is an empty map.
std::optional<YamlNode> parse_yaml(std::string_view text, ErrorLog& errors);

}  // namespace respgate::proxy
