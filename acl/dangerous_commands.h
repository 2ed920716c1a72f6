// Which dangerous commands a user can get through: what a review of rights asks first.
// Pure, like all of this folder: asked of a policy, for nobody's request.
#pragma once

#include <string_view>
#include <vector>

#include "acl/policy.h"
#include "acl/principal.h"

namespace respgate::acl {

// The commands of @dangerous, by the server's names ("config|set"; ordered, static), that this user may run with some
// arguments: the ACL grants them, no command rule denies them, they have a name, and a shared proxy passes them.  Of a
// rewritten command it is what becomes of it that counts.  Whether the user is switched on, and what enforcement:
// observe lets pass besides, is not looked at.
// REQUIRES: `principal` is one of `policy`.
std::vector<std::string_view> dangerous_commands(const Policy& policy, const Principal& principal);

}  // namespace respgate::acl
