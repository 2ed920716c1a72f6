#include "proxy/config/config.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "proxy/common/trusted_file.h"
#include "proxy/config/config_sections.h"
#include "proxy/config/machine.h"
#include "proxy/config/yaml_tree.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kMaxWorkers = 1024;
constexpr std::size_t kMaxConfigBytes = 1024 * 1024;

void read_workers(MapReader& root, Config& config) {
  config.workers = usable_cores();
  const auto text = root.spelling("workers");
  if (!text || *text == "auto") return;
  std::size_t workers = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), workers);
  if (error != std::errc{} || end != text->data() + text->size() || workers < 1 || workers > kMaxWorkers) {
    return root.complain("workers", quote(*text) + " is no number of threads: write auto, or 1 to " + std::to_string(kMaxWorkers));
  }
  config.workers = workers;
  config.workers_are_automatic = false;
}

void read_shutdown(MapReader section, const Folder& folder, Config& config) {
  section.duration("grace", config.shutdown_grace, {std::chrono::seconds(0), std::chrono::hours(1)});
  read_path(section, "takeover_socket", folder, config.takeover_socket);
  section.finish();
}

void read_root(const YamlNode& tree, const Folder& folder, Config& config, ErrorLog& errors) {
  MapReader root(tree, "", errors);
  read_workers(root, config);
  read_listeners(root, folder, config);
  read_upstream(root, folder, config);
  read_users(root, folder, config);
  read_commands(root, config);
  read_limits(root, config);
  read_audit(root, folder, config);
  read_metrics(root, folder, config);
  read_admin(root, folder, config);
  read_shutdown(root.section("shutdown"), folder, config);
  root.finish();
}

// How a file was asked for is how its errors name it; where it is decides what relative paths mean.
Folder folder_of(const std::filesystem::path& file) {
  std::error_code ignored;
  const std::filesystem::path absolute = std::filesystem::absolute(file, ignored);
  return absolute.parent_path();
}

ConfigResult whole_or_nothing(ConfigDraft draft) {
  if (!draft.errors.empty()) return ConfigErrors{std::move(draft.errors)};
  return std::move(draft.config);
}

}  // namespace

ConfigDraft draft_config(std::string_view yaml, const std::filesystem::path& file) {
  ConfigDraft draft;
  draft.config.file = file;
  ErrorLog errors(file.string());
  const auto tree = parse_yaml(yaml, errors);
  if (tree && tree->kind == YamlNode::Kind::kMap) {
    draft.config.places = Places(*tree);
    read_root(*tree, folder_of(file), draft.config, errors);
    check_together(draft.config, errors);
  } else if (tree) {
    errors.add(tree->at, std::string(kind_name(*tree)) + " where a map is wanted: write listeners:, upstream: and users:");
  }
  draft.errors = errors.take();
  return draft;
}

ConfigDraft draft_config_file(const std::filesystem::path& file) {
  const FileStamp stamp = stamp_of(file);
  const FileResult read = read_trusted_file(file, kMaxConfigBytes);
  ConfigDraft draft;
  if (read) {
    draft = draft_config(read->text, file);
    draft.config.stamp = stamp;
    return draft;
  }
  draft.errors.push_back({file.string(), 0, 0, read.error().what});
  return draft;
}

ConfigResult parse_config(std::string_view yaml, const std::filesystem::path& file) { return whole_or_nothing(draft_config(yaml, file)); }

ConfigResult load_config(const std::filesystem::path& file) { return whole_or_nothing(draft_config_file(file)); }

const ListenerConfig* find_listener(const Config& config, std::string_view name) {
  const auto same = [&](const ListenerConfig& listener) { return listener.name == name; };
  const auto found = std::find_if(config.listeners.begin(), config.listeners.end(), same);
  return found != config.listeners.end() ? &*found : nullptr;
}

bool read_path(MapReader& section, std::string_view key, const Folder& folder, std::string& out) {
  std::string text;
  if (!section.text(key, text)) return false;
  if (text.empty()) {
    section.complain(key, "is empty: write the name of a file");
    return false;
  }
  out = (folder / text).lexically_normal().string();
  return true;
}

std::optional<Address> read_address(MapReader& section, std::string_view key, const Folder& folder) {
  const auto text = section.spelling(key);
  if (!text) return std::nullopt;
  auto address = parse_address(*text, folder);
  if (address) return std::move(*address);
  section.complain(key, address.error());
  return std::nullopt;
}

bool is_label(std::string_view name) {
  constexpr std::string_view kBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kBytes) == std::string_view::npos;
}

}  // namespace respgate::proxy
