#include "acl/selector_builder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "acl/words.h"
#include "protocol/text.h"

namespace respgate::acl {
namespace {

using protocol::Access;

constexpr std::string_view kDatabasePrefix = "db=";
constexpr std::array<std::string_view, 10> kWords{"allkeys",       "~*",          "resetkeys",  "allchannels", "&*",
                                                  "resetchannels", "allcommands", "nocommands", "alldbs",      "resetdbs"};

bool begins_with_word(std::string_view rule, std::string_view word) {
  return rule.size() >= word.size() && protocol::equals_any_case(rule.substr(0, word.size()), word);
}

// What no pattern may be, whatever it is for.
RuleProblem pattern_problem(std::string_view pattern) {
  if (pattern.size() > Pattern::kMaxBytes) return "the pattern is longer than 1024 bytes; write a shorter one";
  const auto separates = [](char byte) { return is_blank(byte) || byte == '\0'; };
  if (std::any_of(pattern.begin(), pattern.end(), separates)) return "a pattern holds no blanks and no NUL; write '?' in their place";
  if (has_wide_class(pattern)) return "bytes of 0x80 and above inside [...] differ between servers; write '?' or one pattern for each";
  return std::nullopt;
}

struct KeyRule {
  Access access;
  std::string_view pattern;
};

// `%R~x`, `%RW~x`: each letter at most once, any case, any order.
std::optional<KeyRule> read_key_rule(std::string_view rule) {
  unsigned access = 0;
  for (std::size_t at = 1; at < rule.size(); ++at) {
    const char letter = lowered(rule.substr(at, 1)).front();
    if (letter == '~' && access != 0) return KeyRule{static_cast<Access>(access), rule.substr(at + 1)};
    const unsigned bit = letter == 'r' ? static_cast<unsigned>(Access::kRead) : letter == 'w' ? static_cast<unsigned>(Access::kWrite) : 0u;
    if (bit == 0 || (access & bit) != 0) return std::nullopt;
    access |= bit;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> read_database(std::string_view text) {
  constexpr std::int64_t kMaxDatabase = 0x7fffffff;  // an int in every server
  const std::optional<std::int64_t> number = protocol::parse_strict_integer(text);
  return number && *number >= 0 && *number <= kMaxDatabase ? number : std::nullopt;
}

bool SelectorBuilder::is_selector_rule(std::string_view rule) {
  if (rule.empty()) return false;
  if (std::string_view("~%&+-").find(rule.front()) != std::string_view::npos) return true;
  return begins_with_word(rule, kDatabasePrefix) ||
         std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return protocol::equals_any_case(rule, word); });
}

RuleProblem SelectorBuilder::apply(std::string_view rule) {
  if (apply_word(rule)) return std::nullopt;
  switch (rule.front()) {
    case '~':
    case '%': return apply_key(rule);
    case '&': return apply_channel(rule.substr(1));
    case '+':
    case '-': return commands_.apply(rule);
    default: return apply_databases(rule.substr(kDatabasePrefix.size()));
  }
}

bool SelectorBuilder::apply_word(std::string_view rule) {
  const std::string word = lowered(rule);
  if (word == "allkeys" || word == "~*" || word == "resetkeys") {
    selector_.keys_.clear();
    selector_.all_keys_ = word != "resetkeys";
  } else if (word == "allchannels" || word == "&*" || word == "resetchannels") {
    selector_.channels_.clear();
    selector_.all_channels_ = word != "resetchannels";
  } else if (word == "alldbs" || word == "resetdbs") {
    selector_.databases_.clear();
    selector_.all_databases_ = word == "alldbs";
  } else if (word == "allcommands") {
    commands_.allow_all();
  } else if (word == "nocommands") {
    commands_.deny_all();
  } else {
    return false;
  }
  return true;
}

RuleProblem SelectorBuilder::apply_key(std::string_view rule) {
  if (selector_.all_keys_) return "a key pattern after '~*' or 'allkeys' would have no effect; remove it, or write 'resetkeys' before it";
  if (rule.front() == '~') return add_key(rule.substr(1), Access::kReadWrite);
  const std::optional<KeyRule> key = read_key_rule(rule);
  if (!key) return "cannot read " + quote(rule) + "; write %R~pattern, %W~pattern or %RW~pattern";
  return add_key(key->pattern, key->access);
}

RuleProblem SelectorBuilder::add_key(std::string_view pattern, Access access) {
  if (RuleProblem problem = pattern_problem(pattern)) return problem;
  for (KeyGrant& grant : selector_.keys_) {
    if (grant.pattern.text() != pattern) continue;
    grant.access = static_cast<Access>(static_cast<unsigned>(grant.access) | static_cast<unsigned>(access));
    return std::nullopt;
  }
  selector_.keys_.push_back({Pattern::compile(pattern), access});
  return std::nullopt;
}

RuleProblem SelectorBuilder::apply_channel(std::string_view pattern) {
  if (selector_.all_channels_)
    return "a channel pattern after '&*' or 'allchannels' would have no effect; remove it, or write 'resetchannels' before it";
  if (RuleProblem problem = pattern_problem(pattern)) return problem;
  Pattern compiled = Pattern::compile(pattern);
  if (std::find(selector_.channels_.begin(), selector_.channels_.end(), compiled) == selector_.channels_.end())
    selector_.channels_.push_back(std::move(compiled));
  return std::nullopt;
}

// Replaces what was granted before, as Valkey 9.1 does.
RuleProblem SelectorBuilder::apply_databases(std::string_view ids) {
  std::vector<std::int64_t> databases;
  for (bool more = true; more;) {
    const std::string_view id = ids.substr(0, ids.find(','));
    more = id.size() < ids.size();
    const std::optional<std::int64_t> database = read_database(id);
    if (!database) return quote(id) + " is not the number of a database; write db=0 or db=0,3";
    databases.push_back(*database);
    ids.remove_prefix(more ? id.size() + 1 : id.size());
  }
  std::sort(databases.begin(), databases.end());
  databases.erase(std::unique(databases.begin(), databases.end()), databases.end());
  selector_.databases_ = std::move(databases);
  selector_.all_databases_ = false;
  return std::nullopt;
}

Selector SelectorBuilder::build() const {
  Selector selector = selector_;
  for (const KeyGrant& grant : selector.keys_) selector.first_bytes_.push_back(grant.pattern.first_byte());
  selector.commands_ = commands_.build();
  selector.command_rules_ = commands_.rules();
  return selector;
}

}  // namespace respgate::acl
