#include "proxy/aws/variables.h"

namespace respgate::proxy {
namespace {

AwsAnswer answer(const AwsEnvironment& environment) {
  const std::string_view key = environment["AWS_ACCESS_KEY_ID"], secret = environment["AWS_SECRET_ACCESS_KEY"];
  if (key.empty() && secret.empty()) return AwsAnswer::absent();
  if (key.empty()) return AwsAnswer::failed("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not");
  if (secret.empty()) return AwsAnswer::failed("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
  AwsCredentials credentials{std::string(key), std::string(secret), std::string(environment["AWS_SESSION_TOKEN"])};
  const std::string_view expiration = environment["AWS_CREDENTIAL_EXPIRATION"];
  if (expiration.empty()) return AwsAnswer::found(credentials);
  const std::optional<std::int64_t> expires = parse_iso_time(expiration);
  if (!expires) return AwsAnswer::failed("AWS_CREDENTIAL_EXPIRATION is no time such as 2026-01-02T03:04:05Z");
  credentials.expires_s = *expires;
  return AwsAnswer::found(credentials);
}

}  // namespace

boost::asio::awaitable<AwsAnswer> AwsVariables::fetch() { co_return answer(environment_); }

}  // namespace respgate::proxy
