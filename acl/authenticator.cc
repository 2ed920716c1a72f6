#include "acl/authenticator.h"

#include <array>
#include <span>

#include <openssl/crypto.h>

namespace respgate::acl {
namespace {

constexpr std::array<char, kMaxPasswordBytes> kTooLong{};

std::string_view hashed_text(std::string_view password) {
  return password.size() <= kMaxPasswordBytes ? password : std::string_view(kTooLong.data(), kTooLong.size());
}

// Compares with each of `secrets`, then with nobody's up to `count` in all.
bool is_one_of(const Secret::Digest& digest, std::span<const Secret> secrets, std::size_t count) {
  const Secret nobody;
  bool found = false;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_real = i < secrets.size();
    const bool equal = (is_real ? secrets[i] : nobody).equals(digest);
    found = found | (equal & is_real);
  }
  return found;
}

AuthOutcome outcome_of(const Principal* principal, bool password_fits, bool group_fits) {
  if (!principal) return AuthOutcome::kUnknownUser;
  if (!principal->is_enabled()) return AuthOutcome::kUserOff;
  if (!password_fits) return AuthOutcome::kWrongPassword;
  return group_fits ? AuthOutcome::kOk : AuthOutcome::kNotInGroup;
}

}  // namespace

std::string_view auth_outcome_name(AuthOutcome outcome) {
  switch (outcome) {
    case AuthOutcome::kOk: return "ok";
    case AuthOutcome::kWrongPassword: return "wrong_password";
    case AuthOutcome::kUnknownUser: return "unknown_user";
    case AuthOutcome::kUserOff: return "user_off";
    case AuthOutcome::kNotInGroup: return "not_in_group";
    case AuthOutcome::kCertificate: return "certificate";
    case AuthOutcome::kLockedOut: break;
  }
  return "locked_out";
}

AuthResult authenticate(const Policy& policy, const Credentials& credentials, std::string_view group, std::int64_t unix_s) {
  AuthResult result;
  const Principal* const principal = policy.find(credentials.user);
  const bool group_fits = policy.is_member(group, credentials.user) | group.empty();

  const std::string_view text = hashed_text(credentials.password);
  Secret::Digest digest = Secret::digest_of(text);
  result.hashed_bytes = text.size();

  const std::span<const Secret> secrets = principal ? principal->passwords() : std::span<const Secret>{};
  result.comparisons = policy.max_passwords();
  const bool is_known = is_one_of(digest, secrets, result.comparisons);
  OPENSSL_cleanse(digest.data(), digest.size());

  const bool takes_any = principal && principal->accepts_any_password();
  const bool length_fits = credentials.password.size() <= kMaxPasswordBytes;
  const TokenVerifier* const tokens = policy.options().tokens.get();
  const TokenVerdict token = length_fits && tokens ? tokens->judge(credentials.user, credentials.password, unix_s) : TokenVerdict{};
  result.outcome = outcome_of(principal, (is_known | takes_any | token.is_good) & length_fits, group_fits);
  if (result.outcome == AuthOutcome::kWrongPassword) result.token_fault = token.why_not;
  if (result.outcome == AuthOutcome::kOk) result.principal = principal;
  return result;
}

}  // namespace respgate::acl
