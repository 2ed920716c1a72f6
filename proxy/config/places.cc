#include "proxy/config/places.h"

namespace respgate::proxy {

Places::Places(const YamlNode& root) { add(root, ""); }

// As deep as the tree, whose depth parse_yaml() bounds.
void Places::add(const YamlNode& node, const std::string& path) {
  places_.try_emplace(path, Place{node.at, node.at});
  for (std::size_t i = 0; i < node.items.size(); ++i) add(node.items[i], path + "[" + std::to_string(i) + "]");
  for (const YamlEntry& entry : node.entries) {
    const std::string inner = path.empty() ? entry.key : path + "." + entry.key;
    places_.insert_or_assign(inner, Place{entry.key_at, entry.value.at});
    add(entry.value, inner);
  }
}

Places::Place Places::find(std::string_view path) const {
  while (true) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    if (path.empty()) return {};
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
}

Position Places::of(std::string_view path) const { return find(path).value; }
Position Places::of_key(std::string_view path) const { return find(path).key; }

}  // namespace respgate::proxy
