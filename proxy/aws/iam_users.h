// Users who log in with ElastiCache IAM tokens (users.iam): for trying out an
// application's IAM code without AWS.  Immutable, pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "acl/token_verifier.h"
#include "proxy/aws/iam_token.h"

namespace respgate::proxy {

class IamUsers final : public acl::TokenVerifier {
 public:
  struct User {
    IamCache cache;
    std::vector<IamAccessKey> keys;
  };

  void add(std::string name, User user) { users_.insert_or_assign(std::move(name), std::move(user)); }
  acl::TokenVerdict judge(std::string_view user, std::string_view token, std::int64_t unix_s) const override;

 private:
  std::map<std::string, User, std::less<>> users_;
};

}  // namespace respgate::proxy
