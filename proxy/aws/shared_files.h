// Credentials in AWS's shared files: a profile's keys in ~/.aws/credentials, else in
// ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, AWS_PROFILE).
//
// Keys only: a profile that wants a role assumed, a process run or a browser opened is refused in so many words.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/aws/provider.h"

namespace respgate::proxy {

// The settings of section [name] of such a file; nothing when it has none.  Settings below a setting (indented) and lines
// that are none are passed over, the last of a name counts.
using AwsProfile = std::map<std::string, std::string, std::less<>>;
std::optional<AwsProfile> aws_profile_in(std::string_view text, std::string_view section);

class AwsSharedFiles final : public AwsProvider {
 public:
  explicit AwsSharedFiles(const AwsEnvironment& environment) : environment_(environment) {}
  std::string_view name() const override { return "shared files"; }
  boost::asio::awaitable<AwsAnswer> fetch() override;

 private:
  const AwsEnvironment& environment_;
};

}  // namespace respgate::proxy
