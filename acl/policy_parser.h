// Turns users.acl text (the Redis ACL file language) into principals, or every
// error with its line and column, never a part.  Stricter than the server where it
// is careless: NUL bytes, quotes inside selectors, bytes ≥ 0x80 inside `[…]` and
// control bytes in names are errors; a file without a `default` line gets
// `user default off`, never the server's all-powerful one.
//
//   file := ( line LF )*          line := blank | "user" SP name ( SP rule )*
//
// One single blank separates words and nothing quotes it.  Every line and every rule
// is looked at, so that one reading shows all that is wrong.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "acl/principal.h"

namespace respgate::acl {

struct PolicyError {
  unsigned line = 0;    // from 1
  unsigned column = 0;  // from 1, in bytes
  std::string what;     // what is wrong, and what to write instead; printable
};

struct PolicyErrors {
  std::vector<PolicyError> errors;  // never empty when returned
};

// Of a user's name, in bytes.
inline constexpr std::size_t kMaxNameBytes = 1024;

using PrincipalsResult = boost::system::result<std::vector<Principal>, PolicyErrors>;

// Principals sorted by name; always one called "default".
PrincipalsResult parse_policy(std::string_view text);

// The rules of one user, as ACL SETUSER takes them, applied to a new user; for tests and `explain`.  Columns
// count as if the rules were written in one line with single blanks between them.
boost::system::result<Principal, PolicyErrors> parse_user(std::string_view name, const std::vector<std::string>& rules);

}  // namespace respgate::acl
