// What ACL LOG tells: the newest refusals, those that are alike counted together as
// the server counts them (Redis 7.0 acl.c, addACLLogEntry):
//
//   alike: reason, context, object and user are the same, and the last of them was at
//   most 60 seconds ago; looked for among the newest ten.  Such an entry counts one
//   more, tells of the newest client, and comes first again.
//
// At most 128 entries (the server's acllog-max-len); the oldest goes.  So a flood of
// different refusals washes the log out, here as there: the audit holds all of them.
// Texts come in escaped and cut: nothing here is longer than who adds it allows.
// Pure, and not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace respgate::proxy {

struct AclLogEntry {
  // kCertificate: a client certificate that names nobody who may log in.
  enum class Reason : std::uint8_t { kCommand, kKey, kChannel, kDatabase, kAuth, kCertificate };
  enum class Context : std::uint8_t { kTopLevel, kMulti };

  Reason reason = Reason::kCommand;
  Context context = Context::kTopLevel;
  std::string object;    // the command, key or channel; AUTH or HELLO
  std::string username;  // of a failed login: the name that was tried
  std::string client_info;
  std::int64_t last_ms = 0;  // steady clock
  std::int64_t last_unix_ms = 0;

  // The log's own.
  std::uint64_t count = 1;
  std::uint64_t id = 0;
  std::int64_t created_unix_ms = 0;
};

std::string_view acl_log_reason(AclLogEntry::Reason reason);     // "command", …, "auth", "tls-cert"
std::string_view acl_log_context(AclLogEntry::Context context);  // "toplevel", "multi"

class AclLog {
 public:
  static constexpr std::size_t kMost = 128;

  void add(AclLogEntry entry);
  // Newest first.
  std::vector<AclLogEntry> newest(std::size_t count) const;
  void clear() { entries_.clear(); }  // the ids go on

 private:
  std::list<AclLogEntry> entries_;  // newest first
  std::uint64_t next_id_ = 0;
};

}  // namespace respgate::proxy
