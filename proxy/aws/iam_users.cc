#include "proxy/aws/iam_users.h"

namespace respgate::proxy {

// A user who is none of them is judged as nobody: with no key, so that no token fits.
acl::TokenVerdict IamUsers::judge(std::string_view user, std::string_view token, std::int64_t unix_s) const {
  static const User nobody{{"nobody", "nowhere", false}, {}};
  const auto found = users_.find(user);
  const User& judged = found == users_.end() ? nobody : found->second;
  const IamTokenFault fault = judge_iam_token(token, judged.cache, user, judged.keys, unix_s);
  if (fault == IamTokenFault::kNone) return {true, ""};
  return {false, found == users_.end() ? std::string_view() : iam_token_fault_name(fault)};
}

}  // namespace respgate::proxy
