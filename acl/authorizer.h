// May this principal run this command on these targets?  A pure function: no
// clock, no lock, no log, so that a decision can be replayed from its audit record.
// Follows the server's order and its choice of which denial to report (Redis 7.0.15
// ACLCheckAllUserCommandPerm), and is stricter where reference tests name it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "acl/policy.h"
#include "acl/principal.h"
#include "protocol/targets.h"

namespace respgate::acl {

struct Decision {
  // In the order in which a denial wins over another: the furthest a selector got.
  enum class Reason : std::uint8_t {
    kCommand,  // no permission for the command
    kKey,
    kChannel,
    kDatabase,
    kAllowed,
  };
  // Why, when the server's own ACL would not have said so.
  enum class Detail : std::uint8_t {
    kNone,
    kSortBy,  // SORT BY without reading every key
    kSortGet,
    kScript,         // scripts and functions
    kKeyspaceNames,  // keyspace: require_all_keys
    kTargets,        // Targets::Status::kRefused
  };
  Reason reason = Reason::kCommand;  // denied until granted
  Detail detail = Detail::kNone;
  std::uint32_t arg = 0;       // the argument that decided it
  std::int16_t selector = -1;  // kAllowed: which selector granted it (0 = root)

  bool allowed() const { return reason == Reason::kAllowed; }
};
std::string_view reason_name(Decision::Reason reason);  // "command", "key", "channel", "database", "allowed"

// `database` is the one the session has selected.
// REQUIRES: spec.arity_fits(args.size()); targets are those of (spec, args).
Decision authorize(const Principal& principal, const protocol::CommandSpec& spec, protocol::Args args, const protocol::Targets& targets,
                   const PolicyOptions& options, std::int64_t database);

// Is the name alone already refused, whatever the arguments?  `head` is argv[0] and, where known, argv[1].
// Used to drain the arguments of a refused command instead of storing them.
bool refused_by_name(const Principal& principal, const protocol::CommandSpec& spec, protocol::Args head);

// May enforcement `observe` let a command through that was denied like this?  What the server's own ACL decides it may: commands,
// keys, channels, databases.  Not what no server sees: scripts, functions and SORT's patterns reach keys that they do not name.
// REQUIRES: !decision.allowed().
bool may_be_observed(const Decision& decision, const Principal& principal, const protocol::CommandSpec& spec, protocol::Args args,
                     const protocol::Targets& targets, const PolicyOptions& options);

// "NOPERM User alice has no permissions to run the 'get' command" and its kin, without '-' and CRLF.
// REQUIRES: !decision.allowed().
std::string denial_text(const Decision& decision, const Principal& principal, const protocol::CommandSpec& spec,
                        const protocol::Targets& targets, ServerTexts texts);

// What ACL DRYRUN answers for a denial ("User alice has no permissions to access the 'k' key").
std::string dryrun_text(const Decision& decision, const Principal& principal, const protocol::CommandSpec& spec, protocol::Args args,
                        ServerTexts texts);

}  // namespace respgate::acl
