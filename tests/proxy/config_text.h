// Configurations as text, whole but for what a test is about; and what is wrong with them.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/config/config.h"

namespace respgate::proxy {

inline constexpr const char* kMinimal =
    "listeners: [{address: 127.0.0.1:6380}]\n"
    "upstream: {nodes: [\"127.0.0.1:6379\"]}\n"
    "users: {file: users.acl}\n";

// The minimal file with more in one of its sections, or after them.
inline std::string with(const std::string& more) { return kMinimal + more; }
inline std::string with_listener(const std::string& keys) {
  return "listeners: [{address: 127.0.0.1:6380, " + keys + "}]\nupstream: {nodes: [\"127.0.0.1:6379\"]}\nusers: {file: users.acl}\n";
}
inline std::string with_address(const std::string& address) {
  return "listeners: [{address: " + address + "}]\nupstream: {nodes: [\"127.0.0.1:6379\"]}\nusers: {file: users.acl}\n";
}
inline std::string with_upstream(const std::string& keys) {
  return "listeners: [{address: 127.0.0.1:6380}]\nupstream: {nodes: [\"127.0.0.1:6379\"], " + keys + "}\nusers: {file: users.acl}\n";
}
inline std::string with_users(const std::string& keys) {
  return "listeners: [{address: 127.0.0.1:6380}]\nupstream: {nodes: [\"127.0.0.1:6379\"]}\nusers: {file: users.acl, " + keys + "}\n";
}

inline Config good(const std::string& yaml) {
  ConfigResult config = parse_config(yaml, "/etc/respgate/respgate.yaml");
  if (config) return *config;
  for (const ConfigError& error : config.error().errors) ADD_FAILURE() << to_string(error) << "\nin\n" << yaml;
  return {};
}

inline std::vector<std::string> errors_of(const std::string& yaml) {
  const ConfigResult config = parse_config(yaml, "r.yaml");
  std::vector<std::string> out;
  if (config) return out;
  for (const ConfigError& error : config.error().errors) out.push_back(to_string(error));
  return out;
}

inline std::string error_of(const std::string& yaml) {
  const auto errors = errors_of(yaml);
  EXPECT_EQ(errors.size(), 1u) << yaml << testing::PrintToString(errors);
  return errors.empty() ? "" : errors.front();
}

}  // namespace respgate::proxy
