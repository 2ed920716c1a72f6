#include "proxy/aws/container.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "proxy/aws/http.h"
#include "proxy/common/trusted_file.h"

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

AwsQuestion where(const AwsEnvironment& environment, const AwsPlaces& places) {
  const std::string_view relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const std::string_view full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (!relative.empty() && !relative.starts_with('/'))
    return AwsQuestion::refused("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /");
  const std::optional<AwsUrl> url = parse_aws_url(relative.empty() ? std::string(full) : places.container + std::string(relative));
  if (!url)
    return AwsQuestion::refused("AWS_CONTAINER_CREDENTIALS_" + std::string(relative.empty() ? "FULL" : "RELATIVE") + "_URI is no address");
  if (relative.empty() && !may_serve_container(*url)) {
    return AwsQuestion::refused(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI leads to another machine over plain HTTP: only https, this machine, and the addresses of "
        "ECS and EKS are asked");
  }
  AwsQuestion question;
  question.request.url = *url;
  question.request.headers.emplace_back("Accept", "application/json");
  return question;
}

// Empty when it is there and fit for a header.
std::string add_token(const AwsEnvironment& environment, AwsHttpRequest& request) {
  std::string token(environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]);
  if (const std::string_view file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]; !file.empty()) {
    FileResult text = read_trusted_file(file, kMaxSecretBytes);
    if (!text) return std::string(file) + " " + text.error().what;
    token = std::move(text->text);
  }
  if (token.find_first_of(std::string_view("\r\n\0", 3)) != token.npos) return "the container's authorization token holds a line end";
  if (!token.empty()) request.headers.emplace_back("Authorization", std::move(token));
  return "";
}

AwsAnswer understood(AwsHttpResult reply) {
  if (!reply) return AwsAnswer::failed(std::move(reply.error().what));
  if (reply->status != 200) return AwsAnswer::failed("answered with status " + std::to_string(reply->status));
  return AwsAnswer::of(credentials_in_json(reply->body));
}

}  // namespace

asio::awaitable<AwsAnswer> AwsContainer::fetch() {
  if (environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].empty() && environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"].empty())
    co_return AwsAnswer::absent();
  AwsQuestion question = where(environment_, places_);
  if (question.problem.empty()) question.problem = add_token(environment_, question.request);
  if (!question.problem.empty()) co_return AwsAnswer::failed(std::move(question.problem));
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (unsigned tries = 1;; ++tries) {
    AwsHttpLimits limits;
    limits.timeout = places_.container_timeout;
    limits.ca_file = environment_["AWS_CA_BUNDLE"];
    AwsHttpResult reply = co_await exchange_http(question.request, limits);
    AwsAnswer answer = understood(std::move(reply));
    if (answer.kind == AwsAnswer::Kind::kFound || tries >= places_.container_tries) co_return answer;
    pause.expires_after(places_.container_pause);
    co_await pause.async_wait(kAwait);
  }
}

}  // namespace respgate::proxy
