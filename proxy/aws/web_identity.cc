#include "proxy/aws/web_identity.h"

#include <algorithm>

#include "proxy/aws/http.h"
#include "proxy/aws/iam_token.h"
#include "proxy/aws/sigv4.h"
#include "proxy/common/trusted_file.h"

namespace respgate::proxy {
namespace {

std::string sts_address(const AwsEnvironment& environment, const std::string& configured) {
  const std::string region(environment.region().empty() ? std::string_view(configured) : environment.region());
  if (!is_aws_region(region)) return "https://sts.amazonaws.com/";
  return "https://sts." + region + (region.starts_with("cn-") ? ".amazonaws.com.cn/" : ".amazonaws.com/");
}

// 2 to 64 of what STS takes.
bool is_session_name(std::string_view name) {
  constexpr std::string_view kOther = "_+=,.@-";
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOther.find(c) != kOther.npos;
  };
  return name.size() >= 2 && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
}

std::string form(const SigV4Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text.append(text.empty() ? "" : "&").append(name).append("=").append(percent_encoded(value));
  return text;
}

AwsQuestion question_of(const AwsEnvironment& environment, const std::string& region) {
  const std::string_view file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], role = environment["AWS_ROLE_ARN"];
  if (role.empty()) return AwsQuestion::refused("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
  const std::string_view chosen = environment["AWS_ENDPOINT_URL_STS"];
  const std::optional<AwsUrl> url = parse_aws_url(chosen.empty() ? sts_address(environment, region) : std::string(chosen));
  if (!url) return AwsQuestion::refused("AWS_ENDPOINT_URL_STS is no address such as https://sts.us-east-1.amazonaws.com");
  if (!url->is_https && !url->is_loopback())
    return AwsQuestion::refused("AWS_ENDPOINT_URL_STS leads to another machine over plain HTTP: write https");
  const std::string_view wanted = environment["AWS_ROLE_SESSION_NAME"];
  const std::string_view session = wanted.empty() ? "respgate" : wanted;
  if (!is_session_name(session)) return AwsQuestion::refused("AWS_ROLE_SESSION_NAME is not 2 to 64 letters, digits or _+=,.@-");
  const FileResult token = read_trusted_file(file, kMaxSecretBytes);
  if (!token) return AwsQuestion::refused(std::string(file) + " " + token.error().what);
  AwsQuestion question;
  question.request.method = "POST";
  question.request.url = *url;
  question.request.headers = {{"Accept", "application/xml"}, {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  question.request.body = form({{"Action", "AssumeRoleWithWebIdentity"},
                                {"Version", "2011-06-15"},
                                {"RoleArn", std::string(role)},
                                {"RoleSessionName", std::string(session)},
                                {"WebIdentityToken", token->text}});
  return question;
}

}  // namespace

boost::asio::awaitable<AwsAnswer> AwsWebIdentity::fetch() {
  if (environment_["AWS_WEB_IDENTITY_TOKEN_FILE"].empty()) co_return AwsAnswer::absent();
  AwsQuestion question = question_of(environment_, region_);
  if (!question.problem.empty()) co_return AwsAnswer::failed(std::move(question.problem));
  AwsHttpLimits limits;
  limits.timeout = places_.sts_timeout;
  limits.ca_file = environment_["AWS_CA_BUNDLE"];
  AwsHttpResult reply = co_await exchange_http(std::move(question.request), limits);
  if (!reply) co_return AwsAnswer::failed(std::move(reply.error().what));
  // An error has its code in the body, whatever the status.
  AwsAnswer answer = AwsAnswer::of(credentials_in_sts_xml(reply->body));
  if (reply->status != 200 && answer.kind == AwsAnswer::Kind::kFound)
    co_return AwsAnswer::failed("answered with status " + std::to_string(reply->status));
  co_return answer;
}

}  // namespace respgate::proxy
