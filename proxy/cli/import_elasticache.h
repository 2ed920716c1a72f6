// Reads what `aws elasticache describe-users` and `describe-user-groups` print as users
// of users.acl.  AWS tells neither passwords nor their hashes: users with passwords come
// out `off`.  Members of the JSON that are not known are not looked at; Engine changes no
// user, and is told of where a group of redis has a user of valkey, which the service refuses.
//
// Pure: the texts of the files come in.
// Source: Amazon ElastiCache API Reference, User and UserGroup.
#pragma once

#include <optional>
#include <string>

#include "proxy/cli/imported_users.h"

namespace respgate::proxy {

struct JsonFile {
  std::string name;  // for messages
  std::string text;
};

struct ElastiCacheSource {
  JsonFile users;
  std::optional<JsonFile> groups;
  std::string group;  // its id; empty: the only one there is in `groups`, or all users if there is no such file
};

// Malformed text is told with its line, a member that is not what it should be with its path ("Users[2].AccessString").
// Several users of one name are an error unless a group has only one of them.
ImportResult import_elasticache(const ElastiCacheSource& source);

}  // namespace respgate::proxy
