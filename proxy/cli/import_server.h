// Reads the users of a live server: logs in if asked to, and asks for ACL LIST.  The
// server is not trusted: what it says is bounded in size and time, and escaped.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "proxy/cli/imported_users.h"
#include "proxy/config/address.h"
#include "tls/context.h"

namespace respgate::proxy {

struct ServerSource {
  Address address;
  tls::ClientContextPtr tls;                  // null: plain text
  std::string user;                           // empty: the default user
  std::string password;                       // empty: no login
  std::chrono::milliseconds timeout{10'000};  // for everything together
};

// ACL LIST as it came, a line for each user.
struct AclList {
  std::vector<std::string> lines;
};
boost::system::result<AclList, ImportProblem> fetch_acl_list(const ServerSource& source);

// What users.acl makes of them.  A user without password hashes and without nopass comes out `off`: managed servers
// leave the hashes out.  Pure.
ImportResult import_acl_list(const std::vector<std::string>& lines);

}  // namespace respgate::proxy
