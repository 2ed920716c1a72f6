#include "proxy/aws/sigv4.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "protocol/hex.h"

namespace respgate::proxy {
namespace {

using Hash = std::array<unsigned char, 32>;

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::size_t kDayDigits = 8;

std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

Hash sha256(std::string_view text) {
  Hash hash;
  EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return hash;
}

Hash hmac(std::string_view key, std::string_view text) {
  Hash mac;
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
       &length);
  return mac;
}

// What is derived is as good as the secret, for a day.
Hash signing_key(std::string_view secret, std::string_view day, const SigV4Target& target) {
  std::string seed = "AWS4" + std::string(secret);
  Hash key = hmac(seed, day);
  OPENSSL_cleanse(seed.data(), seed.size());
  for (const std::string_view part : {target.region, target.service, kSigV4Terminator}) {
    const Hash next = hmac(bytes_of(key), part);
    key = next;
  }
  return key;
}

std::string scope_of(std::string_view day, const SigV4Target& target) {
  return std::string(day) + "/" + std::string(target.region) + "/" + std::string(target.service) + "/" + std::string(kSigV4Terminator);
}

std::string signature_of(std::string_view secret, const SigV4Target& target, std::string_view time, std::string_view canonical_request) {
  const std::string_view day = time.substr(0, kDayDigits);
  std::string text(kSigV4Algorithm);
  text.append("\n")
      .append(time)
      .append("\n")
      .append(scope_of(day, target))
      .append("\n")
      .append(protocol::to_hex(sha256(canonical_request)));
  Hash key = signing_key(secret, day, target);
  const Hash mac = hmac(bytes_of(key), text);
  OPENSSL_cleanse(key.data(), key.size());
  return protocol::to_hex(mac);
}

std::string canonical_query(const SigV4Fields& parameters) {
  SigV4Fields encoded;
  encoded.reserve(parameters.size());
  for (const auto& [name, value] : parameters) encoded.emplace_back(percent_encoded(name), percent_encoded(value));
  std::sort(encoded.begin(), encoded.end());
  std::string query;
  for (const auto& [name, value] : encoded) query.append(query.empty() ? "" : "&").append(name).append("=").append(value);
  return query;
}

// Blanks around a header's value do not count, and any number within counts as one.
std::string trimmed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank)
      out.push_back(c);
    else if (!out.empty() && out.back() != ' ')
      out.push_back(' ');
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

// Digits only; nothing else counts as a number here.
std::optional<int> number_in(std::string_view digits) {
  int number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::string sigv4_time(std::int64_t unix_s) {
  const std::chrono::sys_seconds moment{std::chrono::seconds(unix_s)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(moment - day);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()) % 10000,
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::optional<std::int64_t> parse_sigv4_time(std::string_view text) {
  if (text.size() != 16 || text[kDayDigits] != 'T' || text.back() != 'Z') return std::nullopt;
  const auto year = number_in(text.substr(0, 4)), month = number_in(text.substr(4, 2)), day = number_in(text.substr(6, 2));
  const auto hour = number_in(text.substr(9, 2)), minute = number_in(text.substr(11, 2)), second = number_in(text.substr(13, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const std::chrono::sys_seconds moment =
      std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  return moment.time_since_epoch().count();
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHexDigits[byte >> 4]);
    out.push_back(kHexDigits[byte & 15]);
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::size_t high = kHexDigits.find(text[i + 1]), low = kHexDigits.find(text[i + 2]);
    if (high == kHexDigits.npos || low == kHexDigits.npos) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  // One spelling only: what is signed is the spelling.
  if (percent_encoded(out) != text) return std::nullopt;
  return out;
}

std::string query_signature(std::string_view secret_access_key, const SigV4Target& target, const SigV4Fields& parameters,
                            std::string_view time) {
  std::string canonical = "GET\n/\n" + canonical_query(parameters) + "\nhost:";
  canonical.append(target.host).append("\n\nhost\n").append(protocol::to_hex(sha256("")));
  return signature_of(secret_access_key, target, time, canonical);
}

std::string presigned_query(const AwsCredentials& credentials, const SigV4Target& target, SigV4Fields parameters, std::int64_t unix_s,
                            std::int64_t expires_s) {
  const std::string time = sigv4_time(unix_s);
  const std::string scope = scope_of(std::string_view(time).substr(0, kDayDigits), target);
  parameters.emplace_back("X-Amz-Algorithm", kSigV4Algorithm);
  parameters.emplace_back("X-Amz-Credential", credentials.access_key_id + "/" + scope);
  parameters.emplace_back("X-Amz-Date", time);
  parameters.emplace_back("X-Amz-Expires", std::to_string(expires_s));
  parameters.emplace_back("X-Amz-SignedHeaders", "host");
  if (!credentials.session_token.empty()) parameters.emplace_back("X-Amz-Security-Token", credentials.session_token);
  const std::string signature = query_signature(credentials.secret_access_key, target, parameters, time);
  return canonical_query(parameters) + "&X-Amz-Signature=" + signature;
}

std::string authorization_header(const AwsCredentials& credentials, const SigV4Target& target, SigV4Request request, std::int64_t unix_s) {
  const std::string time = sigv4_time(unix_s);
  SigV4Fields& headers = request.headers;
  headers.emplace_back("host", target.host);
  headers.emplace_back("x-amz-date", time);
  if (!credentials.session_token.empty()) headers.emplace_back("x-amz-security-token", credentials.session_token);
  std::sort(headers.begin(), headers.end());
  std::string names, lines;
  for (const auto& [name, value] : headers) {
    names.append(names.empty() ? "" : ";").append(name);
    lines.append(name).append(":").append(trimmed(value)).append("\n");
  }
  const std::string canonical =
      std::string(request.method) + "\n/\n\n" + lines + "\n" + names + "\n" + protocol::to_hex(sha256(request.body));
  const std::string scope = scope_of(std::string_view(time).substr(0, kDayDigits), target);
  return std::string(kSigV4Algorithm) + " Credential=" + credentials.access_key_id + "/" + scope + ", SignedHeaders=" + names +
         ", Signature=" + signature_of(credentials.secret_access_key, target, time, canonical);
}

}  // namespace respgate::proxy
