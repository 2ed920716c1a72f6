// The sections of respgate.yaml, one function each; only load_config() calls them.
// Each reads its section out of `root`, fills its part of `config`, and leaves its
// complaints in the reader's ErrorLog.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/config/config.h"
#include "proxy/config/yaml_reader.h"

namespace respgate::proxy {

// What every section needs: relative paths are relative to the folder of the configuration.
using Folder = std::filesystem::path;

void read_listeners(MapReader& root, const Folder& folder, Config& config);
// Of upstream, users and their own files.
void read_credentials(MapReader section, const Folder& folder, UpstreamCredentials& credentials);
void read_own_credentials(MapReader& upstream, const Folder& folder, std::vector<OwnCredentials>& out);
void read_iam_users(MapReader& users, const Folder& folder, std::vector<IamUserConfig>& out);

void read_upstream(MapReader& root, const Folder& folder, Config& config);
void read_users(MapReader& root, const Folder& folder, Config& config);
// Of a listener, and of the upstream; each reads its whole section.
ListenerTlsConfig read_listener_tls(MapReader section, const Folder& folder);
UpstreamTlsConfig read_upstream_tls(MapReader section, const Folder& folder);
void read_commands(MapReader& root, Config& config);
void read_limits(MapReader& root, Config& config);
void read_audit(MapReader& root, const Folder& folder, Config& config);
void read_metrics(MapReader& root, const Folder& folder, Config& config);
void read_admin(MapReader& root, const Folder& folder, Config& config);

// What concerns more than one section: names and addresses used twice, groups that do not exist.
void check_together(const Config& config, ErrorLog& errors);

// A file name under `key`, made absolute.
bool read_path(MapReader& section, std::string_view key, const Folder& folder, std::string& out);
std::optional<Address> read_address(MapReader& section, std::string_view key, const Folder& folder);
// Names of listeners and groups: letters, digits, '_', '-', '.'; they are labels of metrics.
bool is_label(std::string_view name);

inline constexpr std::string_view kLabelSpelling = "1 to 64 letters, digits, '_', '-' or '.'";

}  // namespace respgate::proxy
