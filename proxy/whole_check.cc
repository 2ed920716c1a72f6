#include "proxy/whole_check.h"

#include <iterator>
#include <system_error>
#include <utility>

#include "proxy/config.h"
#include "proxy/policy_loader.h"

namespace respgate::proxy {
namespace {

void append(std::vector<ConfigError>& errors, const ConfigErrors& more) {
  errors.insert(errors.end(), more.errors.begin(), more.errors.end());
}

// A file respgate creates itself (an audit file, a socket) needs a folder to be in.
void check_folder_of(const Config& config, const std::string& key, const std::string& file, std::vector<ConfigError>& errors) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return;
  const Position at = config.places.of(key);
  errors.push_back(
      {config.file.string(), at.line, at.column, key + ": there is no folder " + folder.string() + ": create it, or write another path"});
}

void check_folders(const Config& config, std::vector<ConfigError>& errors) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const Address& address = config.listeners[i].address;
    if (address.kind == Address::Kind::kUnix) check_folder_of(config, "listeners[" + std::to_string(i) + "].address", address.path, errors);
  }
  if (!config.audit.file.empty() && config.audit.file != "stdout") check_folder_of(config, "audit.file", config.audit.file, errors);
  for (const auto& [key, address] :
       {std::pair{"admin.address", config.admin.address}, {"admin.health_address", config.admin.health_address}}) {
    if (address && address->kind == Address::Kind::kUnix) check_folder_of(config, key, address->path, errors);
  }
}

std::string counted(std::size_t n, const std::string& noun) { return std::to_string(n) + " " + noun + (n == 1 ? "" : "s"); }

std::string summary_of(const Config& config, const acl::Policy& policy) {
  return config.file.string() + ": ok: " + counted(config.listeners.size(), "listener") + ", upstream " +
         config.upstream.nodes.front().text + ", " + counted(policy.principals().size(), "user") + ", " +
         counted(config.groups.size(), "group") + ", " + counted(config.commands.rules.size(), "command rule");
}

}  // namespace

CheckReport check_everything(const std::filesystem::path& config_file) {
  ConfigDraft draft = draft_config_file(config_file);
  const Config& config = draft.config;
  CheckReport report{std::move(draft.errors), ""};
  // A configuration with errors cannot be held against its users file, but the file can be read.
  const bool is_sound = report.errors.empty();
  acl::PolicyPtr policy;
  if (is_sound) {
    const PolicyResult loaded = load_policy(config, 1);
    loaded ? void(policy = *loaded) : append(report.errors, loaded.error());
  } else if (!config.users_file.empty()) {
    if (const PrincipalsLoaded users = load_principals(config); !users) append(report.errors, users.error());
  }
  if (const auto passwords = load_upstream_passwords(config); !passwords) append(report.errors, passwords.error());
  if (const auto token = load_admin_token(config); !token) append(report.errors, token.error());
  check_folders(config, report.errors);
  if (report.errors.empty()) report.summary = summary_of(config, *policy);
  return report;
}

}  // namespace respgate::proxy
