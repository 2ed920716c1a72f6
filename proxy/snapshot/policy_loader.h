// Loads what a configuration refers to and builds the policy from it: users.acl,
// groups, command rules.  All errors at once, each with its file and line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "acl/policy.h"
#include "proxy/config/config.h"

namespace respgate::proxy {

// A file that the configuration names under `key` cannot be used: it is the naming that is reported.
ConfigErrors file_error(const Config& config, std::string_view key, const std::string& file, const std::string& what);

using PolicyResult = boost::system::result<acl::PolicyPtr, ConfigErrors>;

// Refuses a users file that group or others may write: they would decide in its place.
// REQUIRES: config comes from load_config() or parse_config().
PolicyResult load_policy(const Config& config, std::uint64_t generation);

using PrincipalsLoaded = boost::system::result<std::vector<acl::Principal>, ConfigErrors>;

// The users file alone, without asking whether the configuration fits it.
PrincipalsLoaded load_principals(const Config& config);

}  // namespace respgate::proxy
