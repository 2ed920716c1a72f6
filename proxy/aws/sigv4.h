// AWS Signature Version 4: who holds a secret key says so of one request, for a time.
// By query (a URL that carries its own signature) or by header.
//
//   key       := HMAC(HMAC(HMAC(HMAC("AWS4" secret, day), region), service), "aws4_request")
//   signature := hex HMAC(key, algorithm LF time LF scope LF hex SHA-256(canonical request))
//
// Pure: credentials, request and time come in, text goes out.  Derived keys are wiped.
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

inline constexpr std::string_view kSigV4Algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kSigV4Terminator = "aws4_request";

struct SigV4Target {
  std::string_view host;
  std::string_view region;
  std::string_view service;
};

// Names and values as they are meant, not yet encoded.
using SigV4Fields = std::vector<std::pair<std::string, std::string>>;

// "20260102T030405Z".  REQUIRES: the year has four digits.
std::string sigv4_time(std::int64_t unix_s);
// Exactly that form, and a moment that exists.
std::optional<std::int64_t> parse_sigv4_time(std::string_view text);

// RFC 3986: all but letters, digits and -_.~ becomes %XX.
std::string percent_encoded(std::string_view text);
// Undoes it; nothing when `text` is not exactly what percent_encoded() makes.
std::optional<std::string> percent_decoded(std::string_view text);

// GET https://host/?parameters, good for `expires_s` seconds: the query, its signature last.
std::string presigned_query(const AwsCredentials& credentials, const SigV4Target& target, SigV4Fields parameters, std::int64_t unix_s,
                            std::int64_t expires_s);

// The signature such a query must end in; `parameters` are all but the signature itself, in any order.
std::string query_signature(std::string_view secret_access_key, const SigV4Target& target, const SigV4Fields& parameters,
                            std::string_view time);

struct SigV4Request {
  std::string_view method;
  SigV4Fields headers;  // names in lower case; host, x-amz-date and the token are added
  std::string_view body;
};

// The value of Authorization for https://host/.
std::string authorization_header(const AwsCredentials& credentials, const SigV4Target& target, SigV4Request request, std::int64_t unix_s);

}  // namespace respgate::proxy
