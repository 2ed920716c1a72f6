#include "proxy/aws/iam_users.h"

namespace respgate::proxy {

// A user who is none of them is judged as nobody: with no key, so that no token fits.
bool IamUsers::accepts(std::string_view user, std::string_view token, std::int64_t unix_s) const {
  static const User nobody{{"nobody", "nowhere", false}, {}};
  const auto found = users_.find(user);
  const User& judged = found == users_.end() ? nobody : found->second;
  return judge_iam_token(token, judged.cache, user, judged.keys, unix_s) == IamTokenFault::kNone;
}

}  // namespace respgate::proxy
