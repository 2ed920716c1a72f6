#include "proxy/config/yaml_tree.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace respgate::proxy {
namespace {

constexpr std::size_t kMaxDepth = 32;

Position position_of(const YAML::Mark& mark) {
  return {static_cast<unsigned>(std::max(mark.line, 0)) + 1, static_cast<unsigned>(std::max(mark.column, 0)) + 1};
}

// Builds the tree from the parser's events.  yaml-cpp's own tree hides duplicate
// keys and aliases, which is why it is not used.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(ErrorLog& errors) : errors_(errors) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { place(node(YamlNode::Kind::kNull, mark)); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    errors_.add(position_of(mark), "aliases (*name) are not accepted: write the value out");
    place(node(YamlNode::Kind::kNull, mark));
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    errors_.add(position_of(mark), "anchors (&name) are not accepted: remove it, and put text that starts with & in quotes");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    refuse_tag(mark, tag);
    refuse_variable(mark, value);
    YamlNode scalar = node(YamlNode::Kind::kScalar, mark);
    scalar.quoted = tag == "!";
    scalar.text = value;
    place(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(node(YamlNode::Kind::kList, mark));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(node(YamlNode::Kind::kMap, mark));
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map that is not complete yet, and the key its next value belongs to.
  struct Open {
    YamlNode node;
    std::optional<YamlEntry> pending;
  };

  static YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode result;
    result.kind = kind;
    result.at = position_of(mark);
    return result;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    errors_.add(position_of(mark), "tags (!name) are not accepted: remove it, and put text that starts with ! in quotes");
  }

  void refuse_variable(const YAML::Mark& mark, const std::string& value) {
    if (value.find("${") == std::string::npos) return;
    errors_.add(
        position_of(mark),
        "variables (${NAME}) are not expanded: write the value itself; a secret goes into a file of its own (password_file, token_file)");
  }

  void open(YamlNode container) {
    if (open_.size() == kMaxDepth) throw YAML::Exception(mark_of(container), "nested too deeply");
    open_.push_back({std::move(container), std::nullopt});
  }

  static YAML::Mark mark_of(const YamlNode& at) {
    YAML::Mark mark;
    mark.line = static_cast<int>(at.at.line) - 1;
    mark.column = static_cast<int>(at.at.column) - 1;
    return mark;
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(done));
  }

  void place(YamlNode value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Open& top = open_.back(); top.node.kind == YamlNode::Kind::kList) {
      top.node.items.push_back(std::move(value));
    } else if (!top.pending) {
      top.pending = key_from(value);
    } else {
      place_value(top, std::move(value));
    }
  }

  YamlEntry key_from(const YamlNode& value) {
    if (value.kind != YamlNode::Kind::kScalar || value.text.empty())
      errors_.add(value.at, "a key is missing here or is not plain text: write name: value");
    return {value.text, value.at, {}};
  }

  void place_value(Open& top, YamlNode value) {
    YamlEntry entry = *std::exchange(top.pending, std::nullopt);
    // The mark of a value that is not there is that of whatever comes next.
    if (value.kind == YamlNode::Kind::kNull && value.at.line != entry.key_at.line) value.at = entry.key_at;
    entry.value = std::move(value);
    if (is_acceptable_key(top.node, entry)) top.node.entries.push_back(std::move(entry));
  }

  bool is_acceptable_key(const YamlNode& map, const YamlEntry& entry) {
    if (entry.key.empty()) return false;  // reported when it was read
    if (entry.key == "<<") {
      errors_.add(entry.key_at, "merge keys (<<) are not accepted: write the keys out");
      return false;
    }
    const auto same = [&](const YamlEntry& other) { return other.key == entry.key; };
    const auto first = std::find_if(map.entries.begin(), map.entries.end(), same);
    if (first == map.entries.end()) return true;
    errors_.add(entry.key_at, "duplicate key " + quote(entry.key) + ", first written in line " + std::to_string(first->key_at.line) +
                                  ": remove one of them");
    return false;
  }

  ErrorLog& errors_;
  YamlNode root_;
  std::vector<Open> open_;
};

// Refuses what the parser would stop at or read differently from an editor.
bool is_readable(std::string_view text, ErrorLog& errors) {
  const std::size_t nul = text.find('\0');
  if (nul == std::string_view::npos) return true;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
  const std::size_t start = text.substr(0, nul).rfind('\n');  // npos + 1 == 0: the first line
  errors.add({static_cast<unsigned>(line), static_cast<unsigned>(nul - (start + 1) + 1)}, "a NUL byte: save the file as UTF-8 text");
  return false;
}

// yaml-cpp takes the newline at the end of the file for the closing quote of a scalar that has none, and the
// rest of the file with it.
std::string_view without_blank_end(std::string_view text) { return text.substr(0, text.find_last_not_of(" \t\r\n") + 1); }

YamlNode empty_map() {
  YamlNode map;
  map.kind = YamlNode::Kind::kMap;
  map.at = {1, 1};
  return map;
}

}  // namespace

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kScalar: return "a single value";
    case YamlNode::Kind::kList: return "a list";
    case YamlNode::Kind::kMap: return "a map";
  }
  return "nothing";
}

std::optional<YamlNode> parse_yaml(std::string_view text, ErrorLog& errors) {
  if (!is_readable(text, errors)) return std::nullopt;
  TreeBuilder builder(errors);
  try {
    std::istringstream in{std::string(without_blank_end(text))};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) return empty_map();
    YamlNode root = builder.take_root();
    TreeBuilder second(errors);
    if (parser.HandleNextDocument(second)) errors.add(second.take_root().at, "a second document (---): keep everything in one");
    return root;
  } catch (const YAML::Exception& error) {
    errors.add(position_of(error.mark), "not YAML (" + error.msg + "): look at the indentation, quotes and brackets up to here");
    return std::nullopt;
  }
}

}  // namespace respgate::proxy
