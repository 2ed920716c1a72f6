#include "proxy/aws/shared_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "proxy/common/trusted_file.h"

namespace respgate::proxy {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// "[ name ]" without its brackets; nothing for any other line.
std::optional<std::string_view> section_name(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('[') || !line.ends_with(']')) return std::nullopt;
  return trimmed(line.substr(1, line.size() - 2));
}

void take_setting(AwsProfile& profile, std::string_view line) {
  const bool is_nested = line.starts_with(' ') || line.starts_with('\t');
  const std::size_t equals = line.find('=');
  if (is_nested || equals == line.npos || line.starts_with('#') || line.starts_with(';')) return;
  profile.insert_or_assign(std::string(trimmed(line.substr(0, equals))), std::string(trimmed(line.substr(equals + 1))));
}

std::string_view value_in(const AwsProfile& profile, std::string_view name) {
  const auto found = profile.find(name);
  return found == profile.end() ? std::string_view() : std::string_view(found->second);
}

AwsAnswer keys_in(const AwsProfile& profile, const std::string& file) {
  const std::string_view key = value_in(profile, "aws_access_key_id"), secret = value_in(profile, "aws_secret_access_key");
  const std::string_view token = value_in(profile, "aws_session_token"), old_token = value_in(profile, "aws_security_token");
  if (key.empty() != secret.empty())
    return AwsAnswer::failed(file + ": the profile has one of aws_access_key_id and aws_secret_access_key");
  if (!key.empty()) return AwsAnswer::found({std::string(key), std::string(secret), std::string(token.empty() ? old_token : token)});
  for (const std::string_view other : {"role_arn", "credential_process", "sso_session", "sso_start_url", "login_session"}) {
    if (profile.contains(other))
      return AwsAnswer::failed(file + ": the profile says " + std::string(other) + ", which respgate does not follow");
  }
  return AwsAnswer::absent();
}

// A file that is not there says nothing.
AwsAnswer look_into(const std::string& file, const std::string& section) {
  std::error_code ignored;
  if (file.empty() || !std::filesystem::exists(file, ignored)) return AwsAnswer::absent();
  const FileResult text = read_trusted_file(file, kMaxSecretBytes);
  if (!text) return AwsAnswer::failed(file + " " + text.error().what);
  const std::optional<AwsProfile> profile = aws_profile_in(text->text, section);
  return profile ? keys_in(*profile, file) : AwsAnswer::absent();
}

std::string file_name(const AwsEnvironment& environment, std::string_view variable, std::string_view in_home) {
  if (!environment[variable].empty()) return std::string(environment[variable]);
  const std::string_view home = environment["HOME"];
  return home.empty() ? std::string() : std::string(home) + std::string(in_home);
}

AwsAnswer answer(const AwsEnvironment& environment) {
  const std::string_view chosen = environment["AWS_PROFILE"];
  const std::string profile(chosen.empty() ? "default" : chosen);
  const std::string in_config = profile == "default" ? profile : "profile " + profile;
  AwsAnswer found = look_into(file_name(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"), profile);
  if (found.kind == AwsAnswer::Kind::kAbsent) found = look_into(file_name(environment, "AWS_CONFIG_FILE", "/.aws/config"), in_config);
  if (found.kind == AwsAnswer::Kind::kAbsent && !chosen.empty()) return AwsAnswer::failed("AWS_PROFILE names a profile that has no keys");
  return found;
}

}  // namespace

std::optional<AwsProfile> aws_profile_in(std::string_view text, std::string_view section) {
  std::optional<AwsProfile> profile;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (const auto name = section_name(line)) {
      inside = *name == section;
      if (inside && !profile) profile.emplace();
    } else if (inside) {
      take_setting(*profile, line);
    }
  }
  return profile;
}

boost::asio::awaitable<AwsAnswer> AwsSharedFiles::fetch() { co_return answer(environment_); }

}  // namespace respgate::proxy
