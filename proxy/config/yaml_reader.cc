#include "proxy/config/yaml_reader.h"

#include <algorithm>
#include <charconv>

#include "proxy/common/units.h"
#include "proxy/config/nearest.h"

namespace respgate::proxy {
namespace {

using Kind = YamlNode::Kind;

bool is_flag(std::string_view text) { return text == "true" || text == "false"; }

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What YAML calls a number, a truth value or nothing is not text unless quoted: `no`, `1e3` and `0x1f` have surprised many.
bool is_plain_text(const YamlNode& node) {
  if (node.quoted) return true;
  static constexpr std::string_view kNotText[] = {"true", "false", "True", "False", "TRUE", "FALSE", "null", "Null", "NULL"};
  if (std::find(std::begin(kNotText), std::end(kNotText), node.text) != std::end(kNotText)) return false;
  double ignored = 0;
  const char* const last = node.text.data() + node.text.size();
  const auto [end, error] = std::from_chars(node.text.data(), last, ignored);
  return error == std::errc::invalid_argument || end != last;
}

std::string joined(const std::vector<std::string_view>& words, std::string_view separator) {
  std::string out;
  for (std::string_view word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

std::string range_text(CountRange range) { return "from " + std::to_string(range.min) + " to " + std::to_string(range.max); }

bool is_inert(const YamlNode& node, std::string_view inert) {
  if (inert.empty()) return false;
  if (inert == "[]") return node.kind == Kind::kList && node.items.empty();
  if (inert == "{}") return node.kind == Kind::kMap && node.entries.empty();
  return node.kind == Kind::kScalar && node.text == inert;
}

// A list of what stands alone in its place, if that is one word.
std::string example_list(const YamlNode& node) {
  constexpr std::size_t kShort = 60;
  const bool is_word = node.kind == YamlNode::Kind::kScalar && !node.text.empty() && node.text.size() <= kShort &&
                       node.text.find_first_of("', ") == std::string::npos;
  return is_word ? "[" + quote(node.text) + "]" : "[one, two]";
}

}  // namespace

MapReader::MapReader(const YamlNode& node, std::string path, ErrorLog& errors)
    : entries_(node.entries), at_(node.at), path_(std::move(path)), errors_(&errors) {
  if (node.kind == Kind::kMap) return;
  errors.add(node.at, path_ + ": " + std::string(kind_name(node)) + " where a map is wanted: write name: value lines");
}

std::string MapReader::name_of(std::string_view key) const {
  if (key.empty()) return path_;
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const YamlEntry* MapReader::entry(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const YamlEntry& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

const YamlNode* MapReader::find(std::string_view key) {
  const YamlEntry* found = entry(key);
  return found ? &found->value : nullptr;
}

const YamlNode* MapReader::find(std::string_view key, Kind kind, std::string_view wanted) {
  const YamlNode* node = find(key);
  if (!node || node->kind == kind) return node;
  complain_at(node->at, key, std::string(kind_name(*node)) + " where " + std::string(wanted));
  return nullptr;
}

bool MapReader::has_empty_list(std::string_view key) {
  const YamlNode* node = find(key);
  return node && node->kind == Kind::kList && node->items.empty();
}

bool MapReader::is_single_value(std::string_view key) {
  const YamlNode* node = find(key);
  return node && node->kind == Kind::kScalar;
}

Position MapReader::place(std::string_view key) {
  const YamlNode* node = find(key);
  return node ? node->at : at_;
}

void MapReader::complain(std::string_view key, std::string_view what) { complain_at(place(key), key, what); }

void MapReader::complain_at(Position at, std::string_view key, std::string_view what) { errors_->add(at, name_of(key), what); }

void MapReader::require(std::string_view key, std::string_view example) {
  if (has(key)) return;
  complain(key, "is missing: write " + std::string(example));
}

std::optional<std::string> MapReader::spelling(std::string_view key) {
  const YamlNode* node = find(key, Kind::kScalar, "one value is wanted: write " + std::string(key) + ": value");
  if (!node) return std::nullopt;
  return node->text;
}

bool MapReader::text(std::string_view key, std::string& out) {
  const YamlNode* node = find(key, Kind::kScalar, "text is wanted: write " + std::string(key) + ": text");
  if (!node) return false;
  if (!is_plain_text(*node)) {
    complain_at(node->at, key, quote(node->text) + " is not text to YAML: put it in quotes");
    return false;
  }
  out = node->text;
  return true;
}

bool MapReader::flag(std::string_view key, bool& out) {
  const YamlNode* node = find(key, Kind::kScalar, "true or false is wanted");
  if (!node) return false;
  if (node->quoted || !is_flag(node->text)) {
    complain_at(node->at, key, quote(node->text) + " is neither yes nor no: write true or false, without quotes");
    return false;
  }
  out = node->text == "true";
  return true;
}

bool MapReader::count(std::string_view key, std::size_t& out, CountRange range) {
  const YamlNode* node = find(key, Kind::kScalar, "a number is wanted: write one " + range_text(range));
  if (!node) return false;
  const auto number = node->quoted ? std::nullopt : parse_count(node->text);
  if (!number || *number < range.min || *number > range.max) {
    complain_at(node->at, key, quote(node->text) + " is not a whole number " + range_text(range) + ": write one, without quotes or unit");
    return false;
  }
  out = static_cast<std::size_t>(*number);
  return true;
}

bool MapReader::duration(std::string_view key, std::chrono::milliseconds& out, DurationRange range) {
  const YamlNode* node = find(key, Kind::kScalar, "a duration is wanted: write " + std::string(kDurationSpelling));
  if (!node) return false;
  const auto duration = parse_duration(node->text);
  if (!duration) {
    complain_at(node->at, key, quote(node->text) + " is not a duration: write " + std::string(kDurationSpelling));
    return false;
  }
  if (*duration < range.min || *duration > range.max) {
    complain_at(
        node->at, key,
        quote(node->text) + " is out of range: write a duration from " + spell_duration(range.min) + " to " + spell_duration(range.max));
    return false;
  }
  out = *duration;
  return true;
}

bool MapReader::size(std::string_view key, std::size_t& out, CountRange bytes) {
  const YamlNode* node = find(key, Kind::kScalar, "a size is wanted: write " + std::string(kSizeSpelling));
  if (!node) return false;
  const auto size = parse_size(node->text);
  if (!size) {
    complain_at(node->at, key, quote(node->text) + " is not a size: write " + std::string(kSizeSpelling));
    return false;
  }
  if (*size < bytes.min || *size > bytes.max) {
    complain_at(node->at, key,
                quote(node->text) + " is out of range: write a size from " + spell_size(bytes.min) + " to " + spell_size(bytes.max));
    return false;
  }
  out = static_cast<std::size_t>(*size);
  return true;
}

bool MapReader::choose(std::string_view key, std::vector<std::string_view> words, std::size_t& index) {
  const YamlNode* node = find(key, Kind::kScalar, "one word is wanted: write " + joined(words, " or "));
  if (!node) return false;
  const auto found = std::find(words.begin(), words.end(), node->text);
  if (found == words.end()) {
    complain_at(node->at, key, quote(node->text) + " is not one of the choices: write " + joined(words, " or "));
    return false;
  }
  index = static_cast<std::size_t>(found - words.begin());
  return true;
}

bool MapReader::texts_of(const YamlNode& list, const std::string& name, std::vector<PlacedText>& out) {
  if (list.kind != Kind::kList) {
    errors_->add(list.at, name + ": " + std::string(kind_name(list)) + " where a list is wanted: write " + example_list(list));
    return false;
  }
  bool good = true;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode& item = list.items[i];
    if (item.kind == Kind::kScalar && is_plain_text(item)) {
      out.push_back({item.text, item.at});
      continue;
    }
    good = false;
    errors_->add(item.at, name + "[" + std::to_string(i) + "]: text is wanted: write a name, in quotes if it looks like a number");
  }
  return good;
}

bool MapReader::texts(std::string_view key, std::vector<PlacedText>& out) {
  const YamlNode* node = find(key);
  return node && texts_of(*node, name_of(key), out);
}

bool MapReader::pairs(std::string_view key, std::vector<PlacedPair>& out) {
  const YamlNode* node = find(key, Kind::kMap, "a map is wanted: write {NAME: text}");
  if (!node) return false;
  bool good = true;
  for (const YamlEntry& entry : node->entries) {
    if (entry.value.kind == Kind::kScalar && is_plain_text(entry.value)) {
      out.push_back({{entry.key, entry.key_at}, {entry.value.text, entry.value.at}});
      continue;
    }
    good = false;
    errors_->add(entry.value.at,
                 name_of(key) + "." + entry.key + ": text is wanted: write a word, in quotes if it is empty or looks like a number");
  }
  return good;
}

MapReader MapReader::section(std::string_view key) {
  const YamlNode* node = find(key);
  return node ? MapReader(*node, name_of(key), *errors_) : MapReader(name_of(key), *errors_);
}

std::vector<MapReader> MapReader::sections(std::string_view key) {
  std::vector<MapReader> readers;
  const YamlNode* node = find(key, Kind::kList, "a list is wanted: write one '- name: value' group for each");
  if (!node) return readers;
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    readers.emplace_back(node->items[i], name_of(key) + "[" + std::to_string(i) + "]", *errors_);
  }
  return readers;
}

std::vector<MapReader::NamedSection> MapReader::named_sections(std::string_view key) {
  std::vector<NamedSection> out;
  const YamlNode* node = find(key, Kind::kMap, "a map is wanted: write {name: {key: value}}");
  if (!node) return out;
  for (const YamlEntry& entry : node->entries) {
    out.push_back({{entry.key, entry.key_at}, MapReader(entry.value, name_of(key) + "." + entry.key, *errors_)});
  }
  return out;
}

std::vector<MapReader::NamedTexts> MapReader::named_texts(std::string_view key) {
  std::vector<NamedTexts> out;
  const YamlNode* node = find(key, Kind::kMap, "a map is wanted: write {name: [one, two]}");
  if (!node) return out;
  for (const YamlEntry& entry : node->entries) {
    NamedTexts named{{entry.key, entry.key_at}, {}};
    texts_of(entry.value, name_of(key) + "." + entry.key, named.texts);
    out.push_back(std::move(named));
  }
  return out;
}

void MapReader::not_built(std::string_view key, std::string_view inert, std::string_view instead) {
  const YamlEntry* found = entry(key);
  if (!found || is_inert(found->value, inert)) return;
  // A section begins with its name, maybe lines above its first value.
  complain_at(found->value.kind == Kind::kScalar ? found->value.at : found->key_at, key, "is not built yet: " + std::string(instead));
}

void MapReader::finish() {
  for (const YamlEntry& entry : entries_) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const std::string near = nearest(entry.key, known_);
    std::string subject = "unknown key " + quote(entry.key);
    if (!path_.empty()) subject.append(" in ").append(path_);
    const std::string others = "write one of " + joined({known_.begin(), known_.end()}, ", ");
    errors_->add(entry.key_at, subject, near.empty() ? others : "did you mean " + quote(near) + "?");
  }
}

}  // namespace respgate::proxy
