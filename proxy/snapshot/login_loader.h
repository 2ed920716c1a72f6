// Loads the secrets that logins take: the proxy's own passwords at the node, and the
// keys that clients' IAM tokens are verified with.  Never says what is in a file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "acl/token_verifier.h"
#include "proxy/config/config.h"
#include "proxy/lane/upstream_login.h"

namespace respgate::proxy {

// By identity: upstream.credentials, then upstream.per_user_credentials in their order.  AWS credentials come later.
using UpstreamLogins = std::vector<UpstreamLogin>;
boost::system::result<UpstreamLogins, ConfigErrors> load_upstream_logins(const Config& config);

// Null when no user has tokens.
using TokenVerifierPtr = std::shared_ptr<const acl::TokenVerifier>;
boost::system::result<TokenVerifierPtr, ConfigErrors> load_iam_users(const Config& config);

// The files that both read.
std::vector<std::string> login_files(const Config& config);

}  // namespace respgate::proxy
