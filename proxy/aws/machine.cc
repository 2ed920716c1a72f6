#include "proxy/aws/machine.h"

#include <algorithm>

#include "protocol/text.h"
#include "proxy/aws/http.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kCredentials = "/latest/meta-data/iam/security-credentials/";

std::string base_address(const AwsEnvironment& environment, const AwsPlaces& places) {
  const std::string_view chosen = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"];
  if (!chosen.empty()) return std::string(chosen);
  return protocol::equals_any_case(environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"], "ipv6") ? places.machine_ipv6 : places.machine;
}

bool is_printable(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// Part of a path from here on.
bool is_role_name(std::string_view name) { return is_printable(name, 64) && name.find_first_of("/?#%\\") == name.npos; }

std::string status_text(unsigned status) { return "answered with status " + std::to_string(status); }

}  // namespace

boost::asio::awaitable<AwsAnswer> AwsMachine::fetch() {
  if (protocol::equals_any_case(environment_["AWS_EC2_METADATA_DISABLED"], "true")) co_return AwsAnswer::absent();
  const std::optional<AwsUrl> base = parse_aws_url(base_address(environment_, places_));
  if (!base || base->is_https)
    co_return AwsAnswer::failed("AWS_EC2_METADATA_SERVICE_ENDPOINT is no address such as http://169.254.169.254");
  AwsHttpLimits limits;
  limits.timeout = places_.machine_timeout;

  AwsHttpRequest request;
  request.method = "PUT";
  request.url = *base;
  request.url.target = "/latest/api/token";
  request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  AwsHttpResult token = co_await exchange_http(request, limits);
  if (!token) co_return AwsAnswer::failed(std::move(token.error().what));
  if (token->status != 200 || !is_printable(token->body, 1024))
    co_return AwsAnswer::failed("gave no token (IMDSv2): " + status_text(token->status));

  request.method = "GET";
  request.url.target = kCredentials;
  request.headers = {{"x-aws-ec2-metadata-token", token->body}};
  AwsHttpResult role = co_await exchange_http(request, limits);
  if (!role) co_return AwsAnswer::failed(std::move(role.error().what));
  if (role->status == 404) co_return AwsAnswer::failed("the machine has no role");
  const std::string name = role->body.substr(0, role->body.find('\n'));
  if (role->status != 200 || !is_role_name(name)) co_return AwsAnswer::failed("gave no name of a role: " + status_text(role->status));

  request.url.target += name;
  AwsHttpResult reply = co_await exchange_http(request, limits);
  if (!reply) co_return AwsAnswer::failed(std::move(reply.error().what));
  if (reply->status != 200) co_return AwsAnswer::failed(status_text(reply->status));
  co_return AwsAnswer::of(credentials_in_json(reply->body));
}

}  // namespace respgate::proxy
