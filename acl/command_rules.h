// What operators do to dangerous commands before the ACL is asked: rename, deny,
// rewrite, observe; per user or group.  The first rule that matches ends it,
// observe included; what a rewrite made is not matched again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "acl/command_renames.h"
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
  std::vector<std::string> to;  // kRewrite: FLUSHDB ASYNC
  std::string message;          // kDeny: appended to the refusal
};

struct RuleOutcome {
  enum class Kind : std::uint8_t { kNone, kDeny, kRewrite, kObserve };
  Kind kind = Kind::kNone;
  std::int32_t rule = -1;                    // index in the configuration
  std::span<const std::string> replacement;  // kRewrite: the words that replace the matched command name
                                             // and all its arguments
  std::string_view message;                  // kDeny
};

class CommandRules {
 public:
  // Who is a member of which group, by principal name.
  struct Group {
    std::string name;
    std::vector<std::string> members;
  };
  struct Problem {
    enum class In : std::uint8_t { kRule, kRename } in;
    std::size_t index;     // among the rules or the renames
    std::string field;     // "match", "to"…
    std::string what;      // what is wrong, and what to write instead; printable
    std::size_t item = 0;  // of a field that is a list: which of its words
  };
  // Every problem; empty when the rules can be used.  Whether a user exists is not known here.
  static std::vector<Problem> check(std::span<const CommandRuleText> rules, std::span<const RenameText> renames,
                                    std::span<const Group> groups);

  CommandRules() = default;
  // REQUIRES: check() found nothing.
  CommandRules(std::span<const CommandRuleText> rules, std::span<const RenameText> renames, std::span<const Group> groups);

  // find_command() with renames in force: an old name is unknown, the new one is found.
  // Renaming a container renames all of it.  The spec keeps its name, so ACL rules, command rules and error
  // texts go on using the original one.
  protocol::CommandLookup find(protocol::Args args) const { return renames_.empty() ? protocol::find_command(args) : renames_.find(args); }
  std::string client_name(const protocol::CommandSpec& spec) const { return renames_.client_name(spec); }
  // Does every command answer to its own name, and only to that?
  bool rename_nothing() const { return renames_.empty(); }

  // The first rule that matches.  Views live as long as these rules.  No allocation; no look-up for a command
  // that no rule speaks of.
  RuleOutcome apply(const Principal& principal, const protocol::CommandSpec& spec) const;
  // Does any rule, whoever it is for?
  bool speak_of(const protocol::CommandSpec& spec) const { return !rules_.empty() && first_[spec.id] != first_[spec.id + 1u]; }

  bool empty() const { return rules_.empty() && renames_.empty(); }

 private:
  using RuleIndex = std::uint32_t;
  struct Rule {
    RuleAction action;
    std::vector<std::string> replacement;
    std::string message;
    bool is_for_everyone;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  RuleOutcome outcome(RuleIndex index) const;

  CommandRenames renames_;
  std::vector<Rule> rules_;
  // Which rules speak of command `id`, in order: candidates_[first_[id]] up to candidates_[first_[id + 1]].
  std::vector<RuleIndex> candidates_;
  std::vector<std::size_t> first_;
  // The rules that name a principal, itself or through a group; sorted.
  std::unordered_map<std::string, std::vector<RuleIndex>, NameHash, std::equal_to<>> named_;
};

}  // namespace respgate::acl
