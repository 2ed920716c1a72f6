#include <algorithm>

#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

// Something that listens, and what the configuration calls it.
struct Bound {
  std::string path;
  const Address* address;
};

std::vector<Bound> everything_bound(const Config& config) {
  std::vector<Bound> bound;
  bound.reserve(config.listeners.size() + 2);
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    bound.push_back({"listeners[" + std::to_string(i) + "].address", &config.listeners[i].address});
  }
  if (config.admin.address) bound.push_back({"admin.address", &*config.admin.address});
  if (config.admin.health_address) bound.push_back({"admin.health_address", &*config.admin.health_address});
  return bound;
}

void check_addresses(const Config& config, ErrorLog& errors) {
  const std::vector<Bound> bound = everything_bound(config);
  for (auto later = bound.begin(); later != bound.end(); ++later) {
    if (later->address->text.empty()) continue;  // could not be read
    const auto same = [&](const Bound& other) { return same_endpoint(*other.address, *later->address); };
    const auto earlier = std::find_if(bound.begin(), later, same);
    if (earlier == later) continue;
    errors.add(config.places.of(later->path),
               later->path + ": " + quote(later->address->text) + " is already that of " + earlier->path + ": write another");
  }
}

void check_upstream_is_elsewhere(const Config& config, ErrorLog& errors) {
  for (const Address& node : config.upstream.nodes) {
    for (const Bound& bound : everything_bound(config)) {
      if (!same_endpoint(node, *bound.address)) continue;
      errors.add(config.places.of("upstream.nodes"),
                 "upstream.nodes: " + quote(node.text) + " is respgate's own " + bound.path + ": write the address of the server");
    }
  }
}

void check_listener_names(const Config& config, ErrorLog& errors) {
  const auto& listeners = config.listeners;
  for (auto later = listeners.begin(); later != listeners.end(); ++later) {
    const auto same = [&](const ListenerConfig& other) { return other.name == later->name; };
    if (later->name.empty() || std::find_if(listeners.begin(), later, same) == later) continue;
    const std::string path = "listeners[" + std::to_string(later - listeners.begin()) + "].name";
    errors.add(config.places.of(path), path + ": " + quote(later->name) + " is already the name of another listener: write another");
  }
}

bool has_group(const Config& config, std::string_view name) {
  return std::any_of(config.groups.begin(), config.groups.end(), [&](const acl::CommandRules::Group& group) { return group.name == name; });
}

void check_listener_groups(const Config& config, ErrorLog& errors) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const std::string& group = config.listeners[i].user_group;
    if (group.empty() || has_group(config, group)) continue;
    const std::string path = "listeners[" + std::to_string(i) + "].user_group";
    errors.add(config.places.of(path),
               path + ": there is no group " + quote(group) + ": write one of those in users.groups, or add it there");
  }
}

void check_output_files(const Config& config, ErrorLog& errors) {
  if (!config.emf || config.emf->file.empty() || config.emf->file != config.audit.file) return;
  constexpr std::string_view kPath = "metrics.cloudwatch_emf.file";
  errors.add(config.places.of(std::string(kPath)),
             std::string(kPath) + ": " + quote(config.emf->file) +
                 " is already audit.file, and what reads one line cannot read the other: write another file");
}

}  // namespace

void check_together(const Config& config, ErrorLog& errors) {
  check_listener_names(config, errors);
  check_addresses(config, errors);
  check_upstream_is_elsewhere(config, errors);
  check_listener_groups(config, errors);
  check_output_files(config, errors);
}

}  // namespace respgate::proxy
