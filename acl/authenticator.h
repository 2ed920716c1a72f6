// Do these credentials name a principal?  The same work for every outcome: one
// SHA-256 of what was given, compared in constant time with as many digests as the
// policy's largest user has, whether the user is unknown, off, or has no password;
// so that neither text nor time tells which names exist.
#pragma once

#include <cstdint>
#include <string_view>

#include "acl/policy.h"

namespace respgate::acl {

// Longer passwords are refused before hashing (Redis has no limit; a proxy must).
inline constexpr std::size_t kMaxPasswordBytes = 4096;

struct Credentials {
  std::string_view user;
  std::string_view password;
};

enum class AuthOutcome : std::uint8_t { kOk, kWrongPassword, kUnknownUser, kUserOff, kNotInGroup };
std::string_view auth_outcome_name(AuthOutcome outcome);  // "wrong_password", the label of the metric

struct AuthResult {
  AuthOutcome outcome = AuthOutcome::kUnknownUser;  // for the audit and metrics; never for the client
  const Principal* principal = nullptr;             // kOk only; lives as long as the policy
};

// `group`: only its members may log in; empty: everyone.
// `accept_nopass`: a `nopass` user accepts any password (false for users that only certificates may name).
AuthResult authenticate(const Policy& policy, const Credentials& credentials, std::string_view group = {});

}  // namespace respgate::acl
