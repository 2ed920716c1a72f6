// What can be wrong with command rules and renames as they are written.
#include <algorithm>
#include <set>
#include <utility>

#include "acl/command_rules.h"
#include "acl/command_set_builder.h"
#include "acl/words.h"
#include "protocol/text.h"

namespace respgate::acl {
namespace {

using Group = CommandRules::Group;
using Problem = CommandRules::Problem;
using protocol::CommandSpec;

constexpr std::size_t kMaxMessageBytes = 256;

bool has_control_byte(std::string_view text) { return std::any_of(text.begin(), text.end(), is_control); }

std::string upper_case(std::string_view name) {
  std::string result(name);
  for (char& byte : result) {
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
  }
  return result;
}

// The problems of one rule.
class RuleCheck {
 public:
  RuleCheck(const CommandRuleText& rule, std::span<const Group> groups, std::size_t index) : rule_(rule), groups_(groups), index_(index) {}

  std::vector<Problem> run() {
    if (rule_.match.empty()) report("match", "a rule without commands; write match: [FLUSHALL, \"CONFIG|SET\", \"@dangerous\"]");
    for (std::size_t i = 0; i < rule_.match.size(); ++i) check_match(rule_.match[i], i);
    for (std::size_t i = 0; i < rule_.groups.size(); ++i) check_group(rule_.groups[i], i);
    check_replacement();
    check_message();
    return std::move(problems_);
  }

 private:
  void check_match(std::string_view word, std::size_t item) {
    if (word.starts_with('@')) {
      const std::string_view name = word.substr(1);
      if (!protocol::find_category(name) && !protocol::equals_any_case(name, "all"))
        report("match", "unknown category " + quote(word) + category_suggestion(name), item);
    } else if (!protocol::find_command_by_name(word)) {
      report("match", "unknown command " + quote(word) + command_suggestion(word), item);
    }
  }

  void check_group(std::string_view name, std::size_t item) {
    const bool exists = std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) { return group.name == name; });
    if (!exists) report("groups", "unknown group " + quote(name) + "; define it under users.groups", item);
  }

  void check_replacement() {
    if (rule_.action != RuleAction::kRewrite) {
      if (!rule_.to.empty()) report("to", "'to' belongs to action: rewrite; remove it, or write action: rewrite");
      return;
    }
    if (rule_.to.empty()) return report("to", "a rewrite needs the command to send instead; write to: [FLUSHDB, ASYNC]");
    const std::vector<std::string_view> words(rule_.to.begin(), rule_.to.end());
    const protocol::CommandLookup lookup = protocol::find_command(words);
    if (lookup.status == protocol::CommandLookup::Status::kUnknownCommand)
      return report("to", "unknown command " + quote(words[0]) + command_suggestion(words[0]));
    if (lookup.status == protocol::CommandLookup::Status::kUnknownSubcommand)
      return report("to", "unknown subcommand " + quote(words[1]) + " of " + quote(words[0]));
    if (!lookup.spec->arity_fits(words.size()))
      report("to", "wrong number of arguments for " + quote(lookup.spec->name) + "; write the whole command");
  }

  void check_message() {
    if (rule_.message.empty()) return;
    if (rule_.action != RuleAction::kDeny) report("message", "'message' belongs to action: deny; remove it, or write action: deny");
    if (has_control_byte(rule_.message)) report("message", "line breaks and control bytes cannot be part of a reply; write one plain line");
    if (rule_.message.size() > kMaxMessageBytes) report("message", "the message is longer than 256 bytes; write a shorter one");
  }

  void report(std::string field, std::string what, std::size_t item = 0) {
    problems_.push_back({Problem::In::kRule, index_, std::move(field), std::move(what), item});
  }

  const CommandRuleText& rule_;
  std::span<const Group> groups_;
  const std::size_t index_;
  std::vector<Problem> problems_;
};

// The problems of all renames: they must not meet each other either.
class RenameCheck {
 public:
  std::vector<Problem> run(std::span<const RenameText> renames) {
    for (index_ = 0; index_ < renames.size(); ++index_) {
      check_from(renames[index_].from);
      if (!renames[index_].to.empty()) check_to(renames[index_].to);
    }
    return std::move(problems_);
  }

 private:
  void check_from(std::string_view from) {
    const CommandSpec* spec = protocol::find_command_by_name(from);
    if (!spec) return report("from", "unknown command " + quote(from) + command_suggestion(from));
    if (spec->container != protocol::kNoCommand) {
      const std::string container = upper_case(protocol::command(spec->container).name);
      return report("from", "a subcommand cannot be renamed; rename " + container + ", or deny " + upper_case(from) + " with a rule");
    }
    if (!old_names_.insert(lowered(from)).second) report("from", quote(from) + " is renamed twice; keep one of the two");
  }

  void check_to(std::string_view to) {
    if (to.size() > CommandRenames::kMaxNameBytes) return report("to", "the new name is longer than 64 bytes; write a shorter one");
    const auto is_plain = [](char byte) {
      return byte > ' ' && byte < 0x7f && std::string_view("|\"'*").find(byte) == std::string_view::npos;
    };
    if (!std::all_of(to.begin(), to.end(), is_plain))
      return report("to", "a new name is made of printable ASCII without blanks, quotes, '*' and '|'; write one like cfg-9d1f");
    if (protocol::equals_any_case(to, "post") || protocol::equals_any_case(to, "host:") || protocol::equals_any_case(to, "proxy"))
      return report("to", quote(to) + " is how an HTTP request or a PROXY header begins, which is cut off; write another name");
    if (protocol::find_command_by_name(to)) return report("to", quote(to) + " is a command already; write a name that is none");
    if (!new_names_.insert(lowered(to)).second)
      report("to", "two commands are renamed to " + quote(to) + "; write another name for one of them");
  }

  void report(std::string field, std::string what) {
    problems_.push_back({Problem::In::kRename, index_, std::move(field), std::move(what), 0});
  }

  std::size_t index_ = 0;
  std::set<std::string> old_names_, new_names_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> CommandRules::check(std::span<const CommandRuleText> rules, std::span<const RenameText> renames,
                                         std::span<const Group> groups) {
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (Problem& problem : RuleCheck(rules[i], groups, i).run()) problems.push_back(std::move(problem));
  }
  for (Problem& problem : RenameCheck().run(renames)) problems.push_back(std::move(problem));
  return problems;
}

}  // namespace respgate::acl
