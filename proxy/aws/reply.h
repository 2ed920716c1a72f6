// Credentials as the AWS services write them down: JSON from containers and machines,
// XML from STS.  Whole or not at all: a reply without one of the four is no reply.
// What is wrong with one is told without a byte of it, but for an error code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include "proxy/aws/credentials.h"

namespace respgate::proxy {

struct AwsReplyProblem {
  std::string what;
};

using AwsReplyResult = boost::system::result<AwsCredentials, AwsReplyProblem>;

// {"AccessKeyId": …, "SecretAccessKey": …, "Token": …, "Expiration": …}
AwsReplyResult credentials_in_json(std::string_view body);
// AssumeRoleWithWebIdentityResponse, or ErrorResponse.
AwsReplyResult credentials_in_sts_xml(std::string_view body);

// "2026-01-02T04:04:05Z", with a fraction or +00:00 too.
std::optional<std::int64_t> parse_iso_time(std::string_view text);

}  // namespace respgate::proxy
