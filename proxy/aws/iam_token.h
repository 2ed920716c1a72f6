// ElastiCache's IAM tokens: a request to `connect` that is signed but never made; its
// URL without the scheme is the password.
//
//   token := cache "/?" query      Action=connect, User, ResourceType=ServerlessCache (serverless only), X-Amz-…
//
// Good for a login within 15 minutes.  Made here for the node, and judged here as ElastiCache would for clients whose
// IAM code is tried out without AWS.  Pure: the time comes in.
// Source: "Authenticating with IAM", Amazon ElastiCache User Guide; AWS's own sample signs as the host the cache's name, not its address.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/aws/credentials.h"

namespace respgate::proxy {

inline constexpr std::int64_t kIamTokenLifeS = 900;
inline constexpr std::int64_t kIamClockSkewS = 300;

// What a token is for.
struct IamCache {
  std::string name;  // of the replication group or serverless cache, in lower case as AWS stores it
  std::string region;
  bool is_serverless = false;
  bool operator==(const IamCache&) const = default;
};

// In lower case; nothing when no cache can be called so: letters and digits in groups joined by single hyphens, a letter
// first, at most 40 in all.
std::optional<std::string> iam_cache_name(std::string_view written);
// "us-east-1": lower-case letters, digits and hyphens.
bool is_aws_region(std::string_view text);

// REQUIRES: cache.name comes from iam_cache_name().
std::string make_iam_token(const AwsCredentials& credentials, const IamCache& cache, std::string_view user, std::int64_t unix_s);

enum class IamTokenFault : std::uint8_t {
  kNone,
  kMalformed,  // not a token: its form, its encoding, a parameter missing, twice or unknown
  kWrongCache,
  kWrongAction,
  kWrongResourceType,  // serverless or not
  kWrongUser,
  kWrongSigning,  // another algorithm, other signed headers
  kWrongScope,    // another region, service or day
  kUnknownKey,
  kTooLongLived,
  kNotYetValid,
  kExpired,
  kWrongSignature,
};
std::string_view iam_token_fault_name(IamTokenFault fault);

struct IamAccessKey {
  std::string id;
  std::string secret;
};

// Is `token` what someone who holds one of `keys` signed to log in to `cache` as `user`, now?  Once the token has the form of
// one, the same work whatever the answer.  The order of its parameters is free, as SDKs differ in it; a session token
// is only known to have been signed.
IamTokenFault judge_iam_token(std::string_view token, const IamCache& cache, std::string_view user, std::span<const IamAccessKey> keys,
                              std::int64_t now_s);

}  // namespace respgate::proxy
