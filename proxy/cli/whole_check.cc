#include "proxy/cli/whole_check.h"

#include <system_error>
#include <utility>

#include "proxy/posture/posture.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::proxy {
namespace {

void report(const Config& config, const std::string& key, const std::string& what, std::vector<ConfigError>& errors) {
  const Position at = config.places.of(key);
  errors.push_back({config.file.string(), at.line, at.column, key + ": " + what});
}

// A file respgate creates itself (an audit file, a socket) needs a folder to be in.
void check_folder_of(const Config& config, const std::string& key, const std::string& file, std::vector<ConfigError>& errors) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return;
  report(config, key, "there is no folder " + folder.string() + ": create it, or write another path", errors);
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

CheckReport check_everything(const std::filesystem::path& config_file, std::int64_t now_s) {
  ConfigDraft draft = draft_config_file(config_file);
  const Config& config = draft.config;
  CheckReport result{std::move(draft.errors), "", {}};
  // A configuration with errors cannot be held against its users file, but its files can be read.
  if (!result.errors.empty()) {
    for (ConfigError& error : errors_in_files(config)) result.errors.push_back(std::move(error));
  } else if (const SnapshotResult loaded = load_snapshot(config, 1)) {
    result.summary = summary_of(config, *(*loaded)->policy);
    result.posture = posture_of(**loaded, now_s);
  } else {
    result.errors = loaded.error().errors;
  }
  check_folders(config, result.errors);
  if (!result.errors.empty()) return {std::move(result.errors), "", {}};
  return result;
}

}  // namespace respgate::proxy
