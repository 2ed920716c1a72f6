// Where in a YAML file each value stands, by path: "listeners[0].address",
// "commands.rules[2].match[1]".  For complaints that can only be made once other
// files are loaded; holds no values.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "proxy/config/config_error.h"
#include "proxy/config/yaml_tree.h"

namespace respgate::proxy {

class Places {
 public:
  Places() = default;
  explicit Places(const YamlNode& root);

  // Of the value; of the nearest thing around it when that was never written.
  Position of(std::string_view path) const;
  // Of the name in front of the value.
  Position of_key(std::string_view path) const;

 private:
  struct Place {
    Position key;
    Position value;
  };
  void add(const YamlNode& node, const std::string& path);
  Place find(std::string_view path) const;

  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace respgate::proxy
