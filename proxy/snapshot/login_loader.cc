#include "proxy/snapshot/login_loader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "proxy/aws/iam_users.h"
#include "proxy/common/trusted_file.h"
#include "proxy/snapshot/policy_loader.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kShared = "upstream.credentials";
constexpr std::size_t kMaxAccessKeys = 16;

std::string own_key(const OwnCredentials& own) { return "upstream.per_user_credentials." + own.principal; }

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

// Empty when the lines can be passwords.
std::string password_problem(const std::vector<std::string>& lines) {
  if (lines.empty() || lines.front().empty()) return "holds no password: write it into the first line";
  if (lines.size() > 2) return "has more than two lines: keep the newest password and the one before it";
  if (lines.back().empty()) return "has an empty second line: remove it, or write the password before the newest";
  return "";
}

boost::system::result<UpstreamLogin, ConfigErrors> load_login(const Config& config, const UpstreamCredentials& credentials,
                                                              const std::string& key) {
  UpstreamLogin login{credentials.user, {}, {}};
  if (credentials.iam) login.iam = UpstreamLogin::Iam{credentials.iam->cache, credentials.iam->reauthenticate, {}};
  if (credentials.password_file.empty()) return login;
  const FileResult file = read_trusted_file(credentials.password_file, kMaxSecretBytes);
  if (!file) return file_error(config, key + ".password_file", credentials.password_file, file.error().what);
  login.passwords = lines_of(file->text);
  const std::string why = password_problem(login.passwords);
  if (!why.empty()) return file_error(config, key + ".password_file", credentials.password_file, why);
  return login;
}

// Nothing when the line is not KEY:SECRET.
std::optional<IamAccessKey> access_key_in(const std::string& line) {
  const std::size_t colon = line.find(':');
  const bool is_printable = std::all_of(line.begin(), line.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (colon == line.npos || colon == 0 || colon + 1 == line.size() || !is_printable || line.find('/') < colon) return std::nullopt;
  return IamAccessKey{line.substr(0, colon), line.substr(colon + 1)};
}

boost::system::result<IamUsers::User, ConfigErrors> load_iam_user(const Config& config, const IamUserConfig& written) {
  const std::string key = "users.iam." + written.principal + ".access_keys_file";
  const FileResult file = read_trusted_file(written.access_keys_file, kMaxSecretBytes);
  if (!file) return file_error(config, key, written.access_keys_file, file.error().what);
  IamUsers::User user{written.cache, {}};
  const std::vector<std::string> lines = lines_of(file->text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].front() == '#') continue;
    std::optional<IamAccessKey> access_key = access_key_in(lines[i]);
    if (!access_key)
      return file_error(config, key, written.access_keys_file,
                        "has no key in line " + std::to_string(i + 1) + ": write ACCESSKEYID:SECRET");
    user.keys.push_back(std::move(*access_key));
  }
  if (user.keys.empty()) return file_error(config, key, written.access_keys_file, "holds no key: write a line ACCESSKEYID:SECRET");
  if (user.keys.size() > kMaxAccessKeys)
    return file_error(config, key, written.access_keys_file, "holds more than 16 keys: keep those in use");
  return user;
}

void append(std::vector<ConfigError>& errors, const ConfigErrors& more) {
  errors.insert(errors.end(), more.errors.begin(), more.errors.end());
}

}  // namespace

boost::system::result<UpstreamLogins, ConfigErrors> load_upstream_logins(const Config& config) {
  UpstreamLogins logins;
  ConfigErrors errors;
  const auto take = [&](boost::system::result<UpstreamLogin, ConfigErrors> loaded) {
    loaded ? logins.push_back(std::move(*loaded)) : append(errors.errors, loaded.error());
  };
  take(load_login(config, config.upstream.credentials, std::string(kShared)));
  for (const OwnCredentials& own : config.upstream.per_user) take(load_login(config, own.credentials, own_key(own)));
  if (!errors.errors.empty()) return errors;
  return logins;
}

boost::system::result<TokenVerifierPtr, ConfigErrors> load_iam_users(const Config& config) {
  if (config.iam_users.empty()) return TokenVerifierPtr();
  const auto users = std::make_shared<IamUsers>();
  ConfigErrors errors;
  for (const IamUserConfig& written : config.iam_users) {
    auto user = load_iam_user(config, written);
    user ? users->add(written.principal, std::move(*user)) : append(errors.errors, user.error());
  }
  if (!errors.errors.empty()) return errors;
  return TokenVerifierPtr(users);
}

std::vector<std::string> login_files(const Config& config) {
  std::vector<std::string> files{config.upstream.credentials.password_file};
  for (const OwnCredentials& own : config.upstream.per_user) files.push_back(own.credentials.password_file);
  for (const IamUserConfig& user : config.iam_users) files.push_back(user.access_keys_file);
  return files;
}

}  // namespace respgate::proxy
