#include "proxy/lane/upstream_login.h"

namespace respgate::proxy {

std::optional<std::string> UpstreamLogin::password(std::size_t attempt, std::int64_t now_s) const {
  if (iam) return missing(now_s).empty() ? std::optional(make_iam_token(*iam->aws.credentials, iam->cache, user, now_s)) : std::nullopt;
  return attempt < passwords.size() ? std::optional(passwords[attempt]) : std::nullopt;
}

std::string UpstreamLogin::missing(std::int64_t now_s) const {
  if (!iam) return "";
  const AwsSnapshot& aws = iam->aws;
  if (aws.credentials && now_s < aws.credentials->expires_s) return "";
  const std::string what = aws.credentials ? "the AWS credentials have expired" : "no AWS credentials";
  return aws.trouble.empty() ? what : what + ": " + aws.trouble;
}

UpstreamLogin UpstreamLogin::with(const AwsSnapshot& aws) const {
  UpstreamLogin other = *this;
  if (other.iam) other.iam->aws = aws;
  return other;
}

}  // namespace respgate::proxy
