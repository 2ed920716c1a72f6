// Judges passwords that are kept nowhere because they are made anew for each login:
// signed tokens.  Part of a policy; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace respgate::acl {

struct TokenVerdict {
  bool is_good = false;
  // "expired": for the operator, never for the client.  Empty: it is good, or the user has no tokens.  Lives for ever.
  std::string_view why_not;
};

class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;
  // Is `token` good for a login as `user` at this moment?  The same work for every user, known or not.
  virtual TokenVerdict judge(std::string_view user, std::string_view token, std::int64_t unix_s) const = 0;
};

}  // namespace respgate::acl
