#include "proxy/aws/reply.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "proxy/aws/sigv4.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kLongestCode = 64;

// An error code is shown in logs: plain letters and digits only.
std::string shown_code(std::string_view code) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
  };
  const bool plain = !code.empty() && code.size() <= kLongestCode && std::all_of(code.begin(), code.end(), is_plain);
  return plain ? std::string(code) : "an error";
}

// A key is part of a header or a query; none has other bytes.
bool is_printable(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

AwsReplyResult complete(AwsCredentials credentials, std::string_view expiration) {
  const std::optional<std::int64_t> expires = parse_iso_time(expiration);
  if (!is_printable(credentials.access_key_id) || !is_printable(credentials.secret_access_key) || !is_printable(credentials.session_token))
    return AwsReplyProblem{"answered without a key, a secret or a session token"};
  if (!expires) return AwsReplyProblem{"answered without a time of expiry"};
  credentials.expires_s = *expires;
  return credentials;
}

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What stands between <name> and </name>; nothing when there is not exactly one such element.
std::optional<std::string_view> element(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
  const std::size_t begin = xml.find(open);
  if (begin == xml.npos || xml.find(open, begin + 1) != xml.npos) return std::nullopt;
  const std::size_t end = xml.find(close, begin);
  if (end == xml.npos || xml.find(close, end + 1) != xml.npos) return std::nullopt;
  return xml.substr(begin + open.size(), end - begin - open.size());
}

// Text only: a tag or an unknown entity within makes it nothing.
std::optional<std::string> unescaped(std::string_view text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::string out;
  while (!text.empty()) {
    if (text.front() == '<') return std::nullopt;
    if (text.front() != '&') {
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    const auto found =
        std::find_if(std::begin(kEntities), std::end(kEntities), [&](const auto& entity) { return text.starts_with(entity.first); });
    if (found == std::end(kEntities)) return std::nullopt;
    out.push_back(found->second);
    text.remove_prefix(found->first.size());
  }
  return out;
}

std::string text_in(std::string_view xml, std::string_view name) {
  const std::optional<std::string_view> found = element(xml, name);
  return found ? unescaped(*found).value_or("") : std::string();
}

}  // namespace

AwsReplyResult credentials_in_json(std::string_view body) {
  const nlohmann::json object = nlohmann::json::parse(body, nullptr, false);
  if (!object.is_object()) return AwsReplyProblem{"answered with what is no JSON object"};
  const std::string code = text_of(object, "Code");
  if (!code.empty() && code != "Success") return AwsReplyProblem{"answered with " + shown_code(code)};
  return complete({text_of(object, "AccessKeyId"), text_of(object, "SecretAccessKey"), text_of(object, "Token")},
                  text_of(object, "Expiration"));
}

AwsReplyResult credentials_in_sts_xml(std::string_view body) {
  if (const auto error = element(body, "Error")) return AwsReplyProblem{"answered with " + shown_code(text_in(*error, "Code"))};
  const auto credentials = element(body, "Credentials");
  if (!credentials) return AwsReplyProblem{"answered without credentials"};
  return complete({text_in(*credentials, "AccessKeyId"), text_in(*credentials, "SecretAccessKey"), text_in(*credentials, "SessionToken")},
                  text_in(*credentials, "Expiration"));
}

std::optional<std::int64_t> parse_iso_time(std::string_view text) {
  constexpr std::size_t kSeconds = 19;  // 2026-01-02T04:04:05
  if (text.size() <= kSeconds || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return std::nullopt;
  std::string_view rest = text.substr(kSeconds);
  if (rest.starts_with('.')) rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of("0123456789", 1)));
  if (rest != "Z" && rest != "+00:00") return std::nullopt;
  std::string basic(text.substr(0, kSeconds));
  std::erase_if(basic, [](char c) { return c == '-' || c == ':'; });
  return parse_sigv4_time(basic + "Z");
}

}  // namespace respgate::proxy
