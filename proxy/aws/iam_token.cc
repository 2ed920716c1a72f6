#include "proxy/aws/iam_token.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <openssl/crypto.h>

#include "proxy/aws/sigv4.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kService = "elasticache";
constexpr std::string_view kServerless = "ServerlessCache";
constexpr std::size_t kLongestName = 40;
constexpr std::size_t kLongestRegion = 32;
constexpr std::size_t kSignatureDigits = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// A token taken apart; nothing of it is believed yet.
struct Parts {
  std::string host;
  SigV4Fields signed_fields;  // all but the signature
  std::string signature;

  const std::string* find(std::string_view name) const {
    const auto found = std::find_if(signed_fields.begin(), signed_fields.end(), [&](const auto& field) { return field.first == name; });
    return found == signed_fields.end() ? nullptr : &found->second;
  }
  std::string_view value(std::string_view name) const {
    const std::string* found = find(name);
    return found == nullptr ? std::string_view() : std::string_view(*found);
  }
};

constexpr std::array<std::string_view, 7> kRequired{"Action",     "User",          "X-Amz-Algorithm",    "X-Amz-Credential",
                                                    "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"};
constexpr std::array<std::string_view, 2> kOptional{"ResourceType", "X-Amz-Security-Token"};

bool is_known(std::string_view name) {
  return std::find(kRequired.begin(), kRequired.end(), name) != kRequired.end() ||
         std::find(kOptional.begin(), kOptional.end(), name) != kOptional.end();
}

// False: not `name=value`, spelled as it is signed, seen for the first time.
bool take_field(Parts& parts, std::string_view field) {
  const std::size_t equals = field.find('=');
  if (equals == field.npos) return false;
  const std::string_view name = field.substr(0, equals);
  const std::optional<std::string> value = percent_decoded(field.substr(equals + 1));
  if (!value || value->empty()) return false;
  if (name == "X-Amz-Signature") {
    if (!parts.signature.empty() || value->size() != kSignatureDigits) return false;
    parts.signature = *value;
    return true;
  }
  if (!is_known(name) || parts.find(name) != nullptr) return false;
  parts.signed_fields.emplace_back(name, *value);
  return true;
}

std::optional<Parts> take_apart(std::string_view token) {
  const std::size_t slash = token.find("/?");
  if (slash == token.npos) return std::nullopt;
  Parts parts;
  parts.host = token.substr(0, slash);
  for (std::string_view rest = token.substr(slash + 2);;) {
    const std::size_t end = rest.find('&');
    if (!take_field(parts, rest.substr(0, end))) return std::nullopt;
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  const auto has = [&](std::string_view name) { return parts.find(name) != nullptr; };
  if (parts.signature.empty() || !std::all_of(kRequired.begin(), kRequired.end(), has)) return std::nullopt;
  return parts;
}

// X-Amz-Credential := key "/" day "/" region "/" service "/aws4_request"
struct CredentialScope {
  std::string_view key_id, day, region, service, terminator;
};

std::optional<CredentialScope> scope_in(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = text.find('/');
    const bool is_last = i + 1 == parts.size();
    if ((end == text.npos) != is_last) return std::nullopt;
    parts[i] = text.substr(0, end);
    if (!is_last) text.remove_prefix(end + 1);
  }
  return CredentialScope{parts[0], parts[1], parts[2], parts[3], parts[4]};
}

std::optional<std::int64_t> lifetime_in(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_whole = error == std::errc() && end == text.data() + text.size() && is_digit(text.front()) && text.front() != '0';
  return is_whole ? std::optional(seconds) : std::nullopt;
}

// The secret of nobody, when the key is unknown: the signature is computed all the same.
const IamAccessKey* find_key(std::span<const IamAccessKey> keys, std::string_view id) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const IamAccessKey& key) { return key.id == id; });
  return found == keys.end() ? nullptr : &*found;
}

// Remembers the first fault and goes on.
class Faults {
 public:
  void require(bool holds, IamTokenFault fault) {
    if (!holds && first_ == IamTokenFault::kNone) first_ = fault;
  }
  IamTokenFault first() const { return first_; }

 private:
  IamTokenFault first_ = IamTokenFault::kNone;
};

}  // namespace

std::optional<std::string> iam_cache_name(std::string_view written) {
  if (written.empty() || written.size() > kLongestName) return std::nullopt;
  std::string name(written);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
  if (!is_plain || !is_lower(name.front()) || name.back() == '-' || name.find("--") != name.npos) return std::nullopt;
  return name;
}

bool is_aws_region(std::string_view text) {
  const auto is_plain = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
  return !text.empty() && text.size() <= kLongestRegion && is_lower(text.front()) && std::all_of(text.begin(), text.end(), is_plain);
}

std::string make_iam_token(const AwsCredentials& credentials, const IamCache& cache, std::string_view user, std::int64_t unix_s) {
  SigV4Fields parameters{{"Action", "connect"}, {"User", std::string(user)}};
  if (cache.is_serverless) parameters.emplace_back("ResourceType", kServerless);
  const SigV4Target target{cache.name, cache.region, kService};
  return cache.name + "/?" + presigned_query(credentials, target, std::move(parameters), unix_s, kIamTokenLifeS);
}

std::string_view iam_token_fault_name(IamTokenFault fault) {
  switch (fault) {
    case IamTokenFault::kNone: return "none";
    case IamTokenFault::kMalformed: return "malformed";
    case IamTokenFault::kWrongCache: return "wrong_cache";
    case IamTokenFault::kWrongAction: return "wrong_action";
    case IamTokenFault::kWrongResourceType: return "wrong_resource_type";
    case IamTokenFault::kWrongUser: return "wrong_user";
    case IamTokenFault::kWrongSigning: return "wrong_signing";
    case IamTokenFault::kWrongScope: return "wrong_scope";
    case IamTokenFault::kUnknownKey: return "unknown_key";
    case IamTokenFault::kTooLongLived: return "too_long_lived";
    case IamTokenFault::kNotYetValid: return "not_yet_valid";
    case IamTokenFault::kExpired: return "expired";
    case IamTokenFault::kWrongSignature: break;
  }
  return "wrong_signature";
}

IamTokenFault judge_iam_token(std::string_view token, const IamCache& cache, std::string_view user, std::span<const IamAccessKey> keys,
                              std::int64_t now_s) {
  const std::optional<Parts> parts = take_apart(token);
  if (!parts) return IamTokenFault::kMalformed;
  const std::string_view time = parts->value("X-Amz-Date");
  const std::optional<CredentialScope> scope = scope_in(parts->value("X-Amz-Credential"));
  const std::optional<std::int64_t> made_s = parse_sigv4_time(time);
  const std::optional<std::int64_t> life_s = lifetime_in(parts->value("X-Amz-Expires"));
  if (!scope || !made_s || !life_s) return IamTokenFault::kMalformed;

  Faults faults;
  faults.require(parts->host == cache.name, IamTokenFault::kWrongCache);
  faults.require(parts->value("Action") == "connect", IamTokenFault::kWrongAction);
  faults.require(parts->value("ResourceType") == (cache.is_serverless ? kServerless : ""), IamTokenFault::kWrongResourceType);
  faults.require(parts->value("User") == user, IamTokenFault::kWrongUser);
  faults.require(parts->value("X-Amz-Algorithm") == kSigV4Algorithm && parts->value("X-Amz-SignedHeaders") == "host",
                 IamTokenFault::kWrongSigning);
  faults.require(scope->day == time.substr(0, scope->day.size()) && scope->day.size() == 8 && scope->region == cache.region &&
                     scope->service == kService && scope->terminator == kSigV4Terminator,
                 IamTokenFault::kWrongScope);
  const IamAccessKey* key = find_key(keys, scope->key_id);
  faults.require(key != nullptr, IamTokenFault::kUnknownKey);
  faults.require(*life_s <= kIamTokenLifeS, IamTokenFault::kTooLongLived);
  faults.require(*made_s <= now_s + kIamClockSkewS, IamTokenFault::kNotYetValid);
  faults.require(now_s - *made_s < std::min(*life_s, kIamTokenLifeS), IamTokenFault::kExpired);

  const SigV4Target target{parts->host, scope->region, kService};
  const std::string expected = query_signature(key == nullptr ? "" : key->secret, target, parts->signed_fields, time);
  faults.require(CRYPTO_memcmp(expected.data(), parts->signature.data(), kSignatureDigits) == 0, IamTokenFault::kWrongSignature);
  return faults.first();
}

}  // namespace respgate::proxy
