// Why one command of one user would pass or not, in words.  Asks the same Gate that
// decides on the data path, so that what it says is what would happen.
#pragma once

#include <string>

#include <boost/system/result.hpp>

#include "acl/policy.h"
#include "proxy/cli/cli.h"
#include "proxy/config/config.h"

namespace respgate::proxy {

struct Explanation {
  bool allowed = false;
  // "allowed: GET app:1" and one indented line each for the user, the command rule, the ACL and what follows.
  std::string text;
};

// The error: no such user or listener.
boost::system::result<Explanation, std::string> explain(const Config& config, const acl::PolicyPtr& policy, const ExplainOptions& options);

}  // namespace respgate::proxy
