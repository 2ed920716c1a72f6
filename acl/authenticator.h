// Do these credentials name a principal?  The same work for every outcome, so that
// neither text nor time tells which names exist or how near a guess came:
//
//   - one SHA-256, always over what was given; over kMaxPasswordBytes of zeros when
//     more than that was given (which never logs in),
//   - as many constant-time comparisons as the policy's user with most passwords has,
//     with digests of nobody where the user has fewer, is unknown, off, or `nopass`,
//   - where some users log in with signed tokens, what was given judged as one, whoever it is for,
//   - the look-up in the group, whether or not the password was right,
//   - no branch that ends it early.
//
// What an attacker can still time: the length of the password and of the name, which
// are his own; that SHA-256 stops growing past kMaxPasswordBytes, which is public;
// that the look-up of a known name ends in one comparison of equal bytes, and what is
// in the processor's caches (tens of nanoseconds, the same for a right and a wrong
// password); and the greatest number of passwords of any user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "acl/policy.h"

namespace respgate::acl {

struct Credentials {
  std::string_view user;
  std::string_view password;
};

// Two that authenticate() never says: kCertificate, a client certificate names nobody who may log in here; kLockedOut, there
// were too many wrong guesses before, and what was given does not count.
enum class AuthOutcome : std::uint8_t { kOk, kWrongPassword, kUnknownUser, kUserOff, kNotInGroup, kCertificate, kLockedOut };
std::string_view auth_outcome_name(AuthOutcome outcome);  // "wrong_password", the label of the metric

struct AuthResult {
  AuthOutcome outcome = AuthOutcome::kUnknownUser;  // for the audit and metrics; never for the client
  const Principal* principal = nullptr;             // kOk only; lives as long as the policy
  std::string_view token_fault;                     // kWrongPassword of who logs in with tokens: what is wrong with it; as the outcome
  // What it took.  Depends on the policy, and on the length of the password, alone.
  std::size_t hashed_bytes = 0;
  std::size_t comparisons = 0;
};

// `group`: only its members may log in; empty: everyone.
// A user that is on and has neither password nor `nopass` cannot log in here: certificates and login_as name it.
// `unix_s`: when; tokens expire.
AuthResult authenticate(const Policy& policy, const Credentials& credentials, std::string_view group = {}, std::int64_t unix_s = 0);

}  // namespace respgate::acl
