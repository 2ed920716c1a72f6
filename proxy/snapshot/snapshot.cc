#include "proxy/snapshot/snapshot.h"

#include <utility>

namespace respgate::proxy {
namespace {

using Errors = std::vector<ConfigError>;

// Keeps what was loaded, or why it was not.
template <typename Loaded, typename Kept>
void keep(boost::system::result<Loaded, ConfigErrors> loaded, Kept& kept, Errors& errors) {
  if (loaded) {
    kept = std::move(*loaded);
    return;
  }
  const ConfigErrors found = loaded.error();
  errors.insert(errors.end(), found.errors.begin(), found.errors.end());
}

boost::system::result<std::optional<AdminToken>, ConfigErrors> load_admin_token(const Config& config) {
  constexpr std::string_view kKey = "admin.token_file";
  const std::string& file = config.admin.token_file;
  if (file.empty()) return std::optional<AdminToken>();
  const auto token = AdminToken::from_file(file);
  if (!token) return file_error(config, kKey, file, token.error().what);
  return std::optional(*token);
}

boost::system::result<std::optional<AuditKey>, ConfigErrors> load_audit_key(const Config& config) {
  const std::string& file = config.audit.key_file;
  if (file.empty()) return std::optional<AuditKey>();
  const auto key = AuditKey::from_file(file);
  if (!key) return file_error(config, "audit.key_file", file, key.error().what);
  return std::optional(*key);
}

// What a file holds that nothing else in the configuration has a say in.
void load_secrets(Snapshot& snapshot, Errors& errors) {
  keep(load_upstream_logins(snapshot.config), snapshot.upstream_logins, errors);
  keep(load_admin_token(snapshot.config), snapshot.admin_token, errors);
  keep(load_audit_key(snapshot.config), snapshot.audit_key, errors);
  keep(load_tls(snapshot.config), snapshot.tls, errors);
}

// REQUIRES: nothing but the configuration itself was read.
FileStamps stamps_before(const Config& config) {
  FileStamps stamps = stamps_of(files_behind(config));
  if (!config.file.empty()) stamps[config.file.string()] = config.stamp;
  return stamps;
}

// Of none: there is no audit file, or not yet.
FileStamp audit_stamp(const AuditConfig& audit) {
  return audit.file.empty() || audit.file == "stdout" ? FileStamp{} : stamp_of(audit.file);
}

}  // namespace

SnapshotResult load_snapshot(Config config, std::uint64_t generation) {
  Snapshot snapshot{std::move(config), nullptr, {}, {}, {}, {}, {}, {}, {}};
  snapshot.files = stamps_before(snapshot.config);
  snapshot.open_folders = folders_open_to_all(files_behind(snapshot.config));
  snapshot.audit_file = audit_stamp(snapshot.config.audit);
  Errors errors;
  keep(load_policy(snapshot.config, generation), snapshot.policy, errors);
  load_secrets(snapshot, errors);
  if (!errors.empty()) return ConfigErrors{std::move(errors)};
  return SnapshotPtr(std::make_shared<const Snapshot>(std::move(snapshot)));
}

const tls::ServerContextPtr& tls_context_of(const Snapshot& snapshot, const ListenerConfig& listener) {
  return snapshot.tls.listeners[static_cast<std::size_t>(&listener - snapshot.config.listeners.data())];
}

std::vector<std::string> files_behind(const Config& config) {
  std::vector<std::string> files{config.file.string(), config.users_file, config.admin.token_file, config.audit.key_file};
  for (std::string& file : login_files(config)) files.push_back(std::move(file));
  for (std::string& file : tls_files(config)) files.push_back(std::move(file));
  std::erase(files, "");
  return files;
}

std::vector<ConfigError> errors_in_files(const Config& config) {
  Snapshot unused{config, nullptr, {}, {}, {}, {}, {}, {}, {}};
  Errors errors;
  std::vector<acl::Principal> principals;
  if (!config.users_file.empty()) keep(load_principals(config), principals, errors);
  load_secrets(unused, errors);
  return errors;
}

}  // namespace respgate::proxy
