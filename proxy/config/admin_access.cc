#include "proxy/config/admin_access.h"

#include <arpa/inet.h>

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "protocol/text.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;

std::array<std::uint8_t, 32> sha256(std::string_view text) {
  std::array<std::uint8_t, 32> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

bool is_ip_literal(const std::string& text, int family) {
  std::array<std::uint8_t, sizeof(in6_addr)> ignored{};
  return inet_pton(family, text.c_str(), ignored.data()) == 1;
}

// "name:port", "[v6]:port" without the port; empty: neither.
std::string_view without_port(std::string_view host) {
  const std::size_t end = host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  const std::string_view port = host.substr(end);
  const bool is_port = port.starts_with(':') && port.find_first_not_of("0123456789", 1) == std::string_view::npos;
  return port.empty() || is_port ? host.substr(0, end) : std::string_view{};
}

std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  return protocol::equals_any_case(authorization.substr(0, kScheme.size()), kScheme) ? authorization.substr(kScheme.size()) : "";
}

}  // namespace

FileResult read_admin_token(const std::string& file) {
  FileResult read = read_trusted_file(file, kMaxTokenBytes);
  if (!read) return read;
  std::string& token = read->text;
  token.resize(token.find_last_not_of(" \t\r\n") + 1);
  const bool is_printable = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (token.empty() || !is_printable) return FileProblem{"must hold one word of printable ASCII: the token"};
  return read;
}

AdminToken::AdminToken(std::string_view token) : digest_(sha256(token)), is_short_(token.size() < kShortest) {}

boost::system::result<AdminToken, FileProblem> AdminToken::from_file(const std::string& file) {
  const FileResult token = read_admin_token(file);
  if (!token) return token.error();
  return AdminToken(token->text);
}

bool AdminToken::equals(std::string_view token) const {
  const std::array<std::uint8_t, 32> other = sha256(token);
  return CRYPTO_memcmp(digest_.data(), other.data(), digest_.size()) == 0;
}

bool is_host_accepted(std::string_view host, const std::vector<std::string>& more) {
  const std::string name(without_port(host));
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  if (name.starts_with('[')) return is_ip_literal(name.substr(1, name.size() - 2), AF_INET6);
  if (is_ip_literal(name, AF_INET) || protocol::equals_any_case(name, "localhost")) return true;
  return std::any_of(more.begin(), more.end(), [&](const std::string& known) { return protocol::equals_any_case(known, name); });
}

Access AdminAccess::judge(Intent intent, std::string_view host, std::string_view authorization) const {
  if (host.empty()) return Access::kHostMissing;
  if (!is_host_accepted(host, hosts)) return Access::kHostRefused;
  if (intent == Intent::kOpen || (intent == Intent::kRead && !is_token_for_everything)) return Access::kGranted;
  if (!token) return Access::kNoTokenToAskFor;
  return token->equals(bearer_of(authorization)) ? Access::kGranted : Access::kTokenWanted;
}

}  // namespace respgate::proxy
