#include "proxy/snapshot/policy_loader.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "acl/policy_parser.h"
#include "proxy/common/trusted_file.h"
#include "proxy/snapshot/login_loader.h"

namespace respgate::proxy {
namespace {

bool is_member(const Config& config, std::string_view group, std::string_view user) {
  return std::any_of(config.groups.begin(), config.groups.end(), [&](const acl::CommandRules::Group& candidate) {
    return candidate.name == group && std::find(candidate.members.begin(), candidate.members.end(), user) != candidate.members.end();
  });
}

// Empty when connections of this listener can be born logged in.
std::string login_as_problem(const Config& config, const ListenerConfig& listener, const std::vector<acl::Principal>& principals) {
  const std::string& name = listener.login_as;
  const auto same = [&](const acl::Principal& principal) { return principal.name() == name; };
  const auto principal = std::find_if(principals.begin(), principals.end(), same);
  if (principal == principals.end()) return "unknown user " + quote(name) + ": define it in " + config.users_file;
  if (!principal->is_enabled()) return "user " + quote(name) + " is off: write 'on' in its line of " + config.users_file;
  if (listener.user_group.empty() || is_member(config, listener.user_group, name)) return "";
  return "user " + quote(name) + " is not in group " + quote(listener.user_group) + ": add it to users.groups";
}

void check_login_as(const Config& config, const std::vector<acl::Principal>& principals, ErrorLog& errors) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    if (config.listeners[i].login_as.empty()) continue;
    const std::string path = "listeners[" + std::to_string(i) + "].login_as";
    const std::string why = login_as_problem(config, config.listeners[i], principals);
    if (!why.empty()) errors.add(config.places.of(path), path, why);
  }
}

// A row of `identities` that leads to nobody would only be found out by the holder of the certificate.
void check_identities(const Config& config, const std::vector<acl::Principal>& principals, ErrorLog& errors) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    if (!config.listeners[i].tls) continue;
    for (const auto& [identity, user] : config.listeners[i].tls->identities) {
      const auto same = [&](const acl::Principal& principal) { return principal.name() == user; };
      if (std::any_of(principals.begin(), principals.end(), same)) continue;
      const std::string path = "listeners[" + std::to_string(i) + "].tls.identities";
      errors.add(config.places.of(path), path,
                 quote(identity) + " leads to unknown user " + quote(user) + ": define it in " + config.users_file);
    }
  }
}

// Without a sentinel nobody notices a reply that goes to the wrong user; that takes two of them.
void check_sentinel(const Config& config, const std::vector<acl::Principal>& principals, ErrorLog& errors) {
  const std::string path = "upstream.sentinel.mode";
  const auto is_on = [](const acl::Principal& principal) { return principal.is_enabled(); };
  const auto users = std::count_if(principals.begin(), principals.end(), is_on);
  if (config.upstream.sentinel.mode != SentinelConfig::Mode::kOff || users < 2) return;
  errors.add(config.places.of(path), path,
             "off is for a single user, and " + config.users_file + " has " + std::to_string(users) + " that are on: write on or strict");
}

// A password beside the tokens would be a way in that no token guards.
void check_iam_users(const Config& config, const std::vector<acl::Principal>& principals, ErrorLog& errors) {
  for (const acl::Principal& principal : principals) {
    const auto same = [&](const IamUserConfig& user) { return user.principal == principal.name(); };
    if (std::none_of(config.iam_users.begin(), config.iam_users.end(), same)) continue;
    if (principal.passwords().empty() && !principal.accepts_any_password()) continue;
    errors.add(config.places.of("users.iam." + principal.name()), "users.iam",
               "user " + quote(principal.name()) + " logs in with tokens: remove its passwords and nopass from " + config.users_file);
  }
}

// What the configuration says of users that the users file does not bear out.
class Misfits {
 public:
  Misfits(const Config& config, const std::vector<acl::Principal>& principals) : config_(config), errors_(config.file.string()) {
    for (const acl::Principal& principal : principals) known_.insert(principal.name());
    check_login_as(config, principals, errors_);
    check_identities(config, principals, errors_);
    check_sentinel(config, principals, errors_);
    for (const acl::CommandRules::Group& group : config.groups) check(group.members, "users.groups." + group.name);
    const auto& rules = config.commands.rules;
    for (std::size_t i = 0; i < rules.size(); ++i) check(rules[i].users, "commands.rules[" + std::to_string(i) + "].users");
    for (const OwnCredentials& own : config.upstream.per_user) check_key("upstream.per_user_credentials", own.principal);
    for (const IamUserConfig& user : config.iam_users) check_key("users.iam", user.principal);
    check_iam_users(config, principals, errors_);
  }

  std::vector<ConfigError> take() { return errors_.take(); }

 private:
  void check(const std::vector<std::string>& names, const std::string& list) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (known_.contains(names[i])) continue;
      const std::string path = list + "[" + std::to_string(i) + "]";
      errors_.add(config_.places.of(path), path, "unknown user " + quote(names[i]) + ": define it in " + config_.users_file);
    }
  }

  void check_key(const std::string& map, const std::string& name) {
    if (known_.contains(name)) return;
    errors_.add(config_.places.of(map + "." + name), map, "unknown user " + quote(name) + ": define it in " + config_.users_file);
  }

  const Config& config_;
  std::set<std::string_view> known_;
  ErrorLog errors_;
};

ConfigErrors in_users_file(const Config& config, const acl::PolicyErrors& found) {
  ConfigErrors out;
  for (const acl::PolicyError& error : found.errors) out.errors.push_back({config.users_file, error.line, error.column, error.what});
  return out;
}

}  // namespace

ConfigErrors file_error(const Config& config, std::string_view key, const std::string& file, const std::string& what) {
  const Position at = config.places.of(key);
  return {{{config.file.string(), at.line, at.column, std::string(key) + ": " + file + " " + what}}};
}

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
  std::vector<ConfigError> errors = Misfits(config, *principals).take();
  if (!errors.empty()) return ConfigErrors{std::move(errors)};
  const auto tokens = load_iam_users(config);
  if (!tokens) return tokens.error();
  acl::PolicyOptions options = config.policy;
  options.tokens = *tokens;
  acl::CommandRules rules(config.commands.rules, config.commands.rename, config.groups);
  return acl::PolicyPtr(
      std::make_shared<const acl::Policy>(std::move(*principals), config.groups, std::move(rules), std::move(options), generation));
}

}  // namespace respgate::proxy
