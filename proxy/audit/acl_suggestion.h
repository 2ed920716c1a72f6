// From what users were seen to do, the least line of users.acl that would have allowed it.
// Pure, in memory that grows with what is different, not with what is repeated.
//
//   commands   those that were run, with their subcommands; nothing by category
//   keys       name_patterns.h says how names become patterns; read, write or both, as they were used
//   channels   the same; patterns of PSUBSCRIBE word for word, since that is how they are granted
//
// Allowed and observed commands count.  Denied ones are told apart, and count on request.
// Commands of @dangerous and @admin are in the line as all others are, and named in a note.
// What only a command rule saw or refused is no matter of the ACL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/command_table.h"
#include "proxy/audit/audit_record.h"
#include "proxy/audit/name_patterns.h"

namespace respgate::proxy {

struct AclSuggestion {
  std::string user;
  std::string line;                // of users.acl, without a newline and a password; empty: cannot be written
  std::vector<std::string> notes;  // what the line does not say, and what it should perhaps not; printable
};

class AclObserver {
 public:
  enum class Denied : bool { kApart, kCount };
  explicit AclObserver(Denied denied) : denied_(denied) {}

  void take(const AuditRecord& record);
  // By name; users of whom only denials were seen have a line that allows nothing.
  std::vector<AclSuggestion> suggest() const;

 private:
  struct Traffic {
    std::set<protocol::CommandId> commands;
    NamePatterns keys;
    NamePatterns channels;
    std::set<std::string> channel_patterns;
    bool reads_every_key = false;
    std::uint64_t unknown_names = 0;  // hashed or left out
    std::uint64_t left_out = 0;       // touches beyond those that were told
    std::uint64_t unwritable = 0;     // names that no rule can spell
  };
  struct User {
    Traffic allowed;
    Traffic denied;
  };

  static void take(const AuditRecord& record, Traffic& traffic);
  static void take(const AuditRecord::Touch& touch, Traffic& traffic);
  static std::string rules_of(const Traffic& traffic);
  static void note_harm(const Traffic& traffic, std::vector<std::string>& notes);
  static void note_gaps(const Traffic& traffic, std::vector<std::string>& notes);

  const Denied denied_;
  std::map<std::string, User> users_;
};

}  // namespace respgate::proxy
