// What operators do to dangerous commands before the ACL is asked: rename, deny,
// rewrite, observe; per user or group.  The first rule that matches ends it,
// observe included; what a rewrite made is not matched again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acl/principal.h"
#include "protocol/command_table.h"

namespace respgate::acl {

enum class RuleAction : std::uint8_t { kDeny, kRewrite, kObserve };
std::string_view rule_action_name(RuleAction action);  // "deny"

// A rule as it is written; see the configuration reference in README.md.
struct CommandRuleText {
  std::vector<std::string> match;  // "FLUSHALL", "CONFIG|SET", "@dangerous"
  std::vector<std::string> users;  // empty with groups empty: everyone
  std::vector<std::string> groups;
  RuleAction action = RuleAction::kDeny;
  std::vector<std::string> to;     // kRewrite: FLUSHDB ASYNC
  std::string message;             // kDeny: appended to the refusal
};

struct RenameText {
  std::string from;
  std::string to;  // "": the command is gone
};

struct RuleOutcome {
  enum class Kind : std::uint8_t { kNone, kDeny, kRewrite, kObserve };
  Kind kind = Kind::kNone;
  std::int32_t rule = -1;                       // index in the configuration
  std::span<const std::string> replacement;     // kRewrite: the words that replace the matched command name
                                                // and all its arguments
  std::string_view message;                     // kDeny
};

class CommandRules {
 public:
  // Who is a member of which group, by principal name.
  struct Group { std::string name; std::vector<std::string> members; };
  // Every error, in words that say what to write instead; empty when the rules can be used.
  struct Problem { enum class In : std::uint8_t { kRule, kRename } in; std::size_t index; std::string field; std::string what; };
  static std::vector<Problem> check(std::span<const CommandRuleText> rules, std::span<const RenameText> renames,
                                    std::span<const Group> groups);

  CommandRules() = default;
  // REQUIRES: check() found nothing.
  CommandRules(std::span<const CommandRuleText> rules, std::span<const RenameText> renames, std::span<const Group> groups);

  // find_command() with renames in force: an old name is unknown, the new one is found.
  // Renaming a container renames all of it.
  protocol::CommandLookup find(protocol::Args args) const;

  // The first rule that matches.
  RuleOutcome apply(const Principal& principal, const protocol::CommandSpec& spec) const;

  bool empty() const;
};

}  // namespace respgate::acl
