#include "proxy/audit/name_patterns.h"

#include <algorithm>
#include <utility>

namespace respgate::proxy {
namespace {

constexpr std::string_view kSeparators = ":/.|-_";
// Of a name: deeper ones are not told apart.
constexpr std::size_t kMostLevels = 32;

std::string escaped(std::string_view name) {
  std::string pattern;
  for (const char c : name) {
    const bool is_plain = c > ' ' && c <= '~';
    if (is_plain && std::string_view("*?[]\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += is_plain ? c : '?';
  }
  return pattern;
}

}  // namespace

void NamePatterns::add(std::string_view name, Shown shown, protocol::Access access) {
  Node* parent = &root_;
  for (std::size_t level = 1; !parent->is_open; ++level) {
    const std::size_t separator = level == kMostLevels ? std::string_view::npos : name.find_first_of(kSeparators);
    const std::string_view part = name.substr(0, separator == std::string_view::npos ? separator : separator + 1);
    name.remove_prefix(part.size());
    Node& node = parent->children[std::string(part)];
    if (name.empty()) {
      node.access = node.access | access;
      node.is_end = true;
      if (shown == Shown::kBeginning) open(node);
    }
    if (parent == &root_ ? parent->children.size() > kMostBeginnings : is_too_wide(*parent)) break;
    if (name.empty()) return;
    parent = &node;
  }
  if (!parent->is_open) open(*parent);
  parent->access = parent->access | access;
}

bool NamePatterns::is_too_wide(const Node& node) {
  const auto ends = static_cast<std::size_t>(
      std::count_if(node.children.begin(), node.children.end(), [](const auto& child) { return child.second.is_end; }));
  return ends > kMostEnds || node.children.size() > kMostContinued;
}

// All below counts as one.
void NamePatterns::open(Node& node) {
  for (auto& [part, child] : node.children) {
    open(child);
    node.access = node.access | child.access;
  }
  node.children.clear();
  node.is_open = true;
}

void NamePatterns::collect(const Node& node, const std::string& beginning, std::vector<Granted>& out) {
  if (node.is_open) {
    out.push_back({beginning + "*", node.access});
    return;
  }
  if (node.is_end) out.push_back({beginning, node.access});
  for (const auto& [part, child] : node.children) collect(child, beginning + escaped(part), out);
}

std::vector<NamePatterns::Granted> NamePatterns::patterns() const {
  std::vector<Granted> found;
  collect(root_, "", found);
  std::sort(found.begin(), found.end(), [](const Granted& a, const Granted& b) { return a.pattern < b.pattern; });
  // Two names that differ in bytes which cannot be written are one pattern.
  std::vector<Granted> out;
  for (Granted& one : found) {
    if (!out.empty() && out.back().pattern == one.pattern) {
      out.back().access = out.back().access | one.access;
    } else {
      out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace respgate::proxy
