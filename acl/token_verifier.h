// Judges passwords that are kept nowhere because they are made anew for each login:
// signed tokens.  Part of a policy; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace respgate::acl {

class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;
  // Is `token` good for a login as `user` at this moment?  The same work for every user, known or not.
  virtual bool accepts(std::string_view user, std::string_view token, std::int64_t unix_s) const = 0;
};

}  // namespace respgate::acl
