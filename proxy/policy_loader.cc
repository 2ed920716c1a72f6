#include "proxy/policy_loader.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "acl/policy_parser.h"
#include "proxy/trusted_file.h"

namespace respgate::proxy {
namespace {

// Complaints of the policy about the configuration it was loaded for.
class Checker {
 public:
  Checker(const Config& config, const std::vector<acl::Principal>& principals)
      : config_(config), principals_(principals), errors_(config.file.string()) {}

  std::vector<ConfigError> check() {
    for (std::size_t i = 0; i < config_.listeners.size(); ++i)
      check_login_as(config_.listeners[i], "listeners[" + std::to_string(i) + "].login_as");
    for (const acl::CommandRules::Group& group : config_.groups) check_names(group.members, "users.groups." + group.name);
    const auto& rules = config_.commands.rules;
    for (std::size_t i = 0; i < rules.size(); ++i) check_names(rules[i].users, "commands.rules[" + std::to_string(i) + "].users");
    check_rules();
    return errors_.take();
  }

 private:
  const acl::Principal* find(std::string_view name) const {
    const auto same = [&](const acl::Principal& principal) { return principal.name() == name; };
    const auto found = std::find_if(principals_.begin(), principals_.end(), same);
    return found == principals_.end() ? nullptr : &*found;
  }

  void complain(const std::string& path, const std::string& what) { errors_.add(config_.places.of(path), path + ": " + what); }

  void check_names(const std::vector<std::string>& names, const std::string& path) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!find(names[i])) complain(path + "[" + std::to_string(i) + "]", no_such_user(names[i]));
    }
  }

  std::string no_such_user(std::string_view name) const {
    return "there is no user " + quote(name) + ": write one of those in " + config_.users_file + ", or add a line there";
  }

  void check_login_as(const ListenerConfig& listener, const std::string& path) {
    if (listener.login_as.empty()) return;
    const acl::Principal* principal = find(listener.login_as);
    if (!principal) return complain(path, no_such_user(listener.login_as));
    if (!principal->is_enabled())
      complain(path, "user " + quote(listener.login_as) + " is off: write 'on' in its line of " + config_.users_file);
    if (!listener.user_group.empty() && !is_member(listener.user_group, listener.login_as)) {
      complain(path, "user " + quote(listener.login_as) + " is not in group " + quote(listener.user_group) + ": add it to users.groups");
    }
  }

  bool is_member(std::string_view group, std::string_view user) const {
    return std::any_of(config_.groups.begin(), config_.groups.end(), [&](const acl::CommandRules::Group& candidate) {
      return candidate.name == group && std::find(candidate.members.begin(), candidate.members.end(), user) != candidate.members.end();
    });
  }

  void check_rules() {
    const auto& commands = config_.commands;
    for (const acl::CommandRules::Problem& problem : acl::CommandRules::check(commands.rules, commands.rename, config_.groups)) {
      if (problem.in == acl::CommandRules::Problem::In::kRule) {
        complain("commands.rules[" + std::to_string(problem.index) + "]." + problem.field, problem.what);
      } else {
        complain_of_rename(problem);
      }
    }
  }

  void complain_of_rename(const acl::CommandRules::Problem& problem) {
    const std::string path = "commands.rename." + config_.commands.rename[problem.index].from;
    const Position at = problem.field == "from" ? config_.places.of_key(path) : config_.places.of(path);
    errors_.add(at, path + ": " + problem.what);
  }

  const Config& config_;
  const std::vector<acl::Principal>& principals_;
  ErrorLog errors_;
};

// A file the configuration names: it is the naming that is reported when the file cannot be used.
ConfigErrors file_error(const Config& config, std::string_view key, const std::string& file, const std::string& what) {
  const Position at = config.places.of(key);
  return {{{config.file.string(), at.line, at.column, std::string(key) + ": " + file + " " + what}}};
}

ConfigErrors in_users_file(const Config& config, const acl::PolicyErrors& found) {
  ConfigErrors out;
  for (const acl::PolicyError& error : found.errors) out.errors.push_back({config.users_file, error.line, error.column, error.what});
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Empty when the lines can be passwords.  Never says what they are.
std::string password_problem(const std::vector<std::string>& lines) {
  if (lines.empty() || lines.front().empty()) return "holds no password: write it into the first line";
  if (lines.size() > 2) return "has more than two lines: keep the newest password and the one before it";
  if (lines.back().empty()) return "has an empty second line: remove it, or write the password before the newest";
  return "";
}

std::string token_problem(const std::vector<std::string>& lines) {
  if (lines.size() != 1 || lines.front().empty()) return "has to hold one line, the token: write 32 or more random characters";
  const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::all_of(lines.front().begin(), lines.front().end(), is_visible))
    return "holds more than visible ASCII, which no HTTP header can carry: write another token";
  return "";
}

}  // namespace

PrincipalsLoaded load_principals(const Config& config) {
  const FileResult file = read_trusted_file(config.users_file, kMaxUsersFileBytes);
  if (!file) return file_error(config, "users.file", config.users_file, file.error().what);
  acl::PrincipalsResult parsed = acl::parse_policy(file->text);
  if (!parsed) return in_users_file(config, parsed.error());
  return std::move(*parsed);
}

PolicyResult load_policy(const Config& config, std::uint64_t generation) {
  PrincipalsLoaded principals = load_principals(config);
  if (!principals) return principals.error();
  std::vector<ConfigError> errors = Checker(config, *principals).check();
  if (!errors.empty()) return ConfigErrors{std::move(errors)};
  acl::CommandRules rules(config.commands.rules, config.commands.rename, config.groups);
  return acl::PolicyPtr(
      std::make_shared<const acl::Policy>(std::move(*principals), config.groups, std::move(rules), config.policy, generation));
}

boost::system::result<UpstreamPasswords, ConfigErrors> load_upstream_passwords(const Config& config) {
  constexpr std::string_view kKey = "upstream.credentials.password_file";
  const std::string& name = config.upstream.password_file;
  if (name.empty()) return UpstreamPasswords{};
  const FileResult file = read_trusted_file(name, kMaxSecretBytes);
  if (!file) return file_error(config, kKey, name, file.error().what);
  std::vector<std::string> lines = lines_of(file->text);
  if (const std::string why = password_problem(lines); !why.empty()) return file_error(config, kKey, name, why);
  return UpstreamPasswords{std::move(lines)};
}

boost::system::result<AdminToken, ConfigErrors> load_admin_token(const Config& config) {
  constexpr std::string_view kKey = "admin.token_file";
  const std::string& name = config.admin.token_file;
  if (name.empty()) return AdminToken{};
  const FileResult file = read_trusted_file(name, kMaxSecretBytes);
  if (!file) return file_error(config, kKey, name, file.error().what);
  std::vector<std::string> lines = lines_of(file->text);
  if (const std::string why = token_problem(lines); !why.empty()) return file_error(config, kKey, name, why);
  return AdminToken{std::move(lines.front())};
}

}  // namespace respgate::proxy
