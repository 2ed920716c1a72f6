#include "protocol/numkeys.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "protocol/text.h"

namespace respgate::protocol {
namespace {

constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
constexpr std::string_view kNotPositive = "ERR numkeys should be greater than 0";
constexpr std::string_view kMoreThanArguments = "ERR Number of keys can't be greater than number of args";
constexpr std::string_view kNegative = "ERR Number of keys can't be negative";
constexpr std::string_view kNoScript = "NOSCRIPT No matching script. Please use EVAL.";
constexpr std::string_view kSyntax = "ERR syntax error";

// How one command reads its number, and what it says when it does not like it.
struct Rule {
  std::string_view command;
  std::uint8_t number_at;  // argument
  std::uint8_t least;      // keys
  std::uint8_t key_step;   // arguments per key
  std::uint8_t behind;     // arguments that must follow the keys
  std::string_view not_an_integer;
  std::string_view too_few;
  std::string_view too_many;
};

constexpr Rule script(std::string_view command) { return {command, 2, 0, 1, 0, kNotAnInteger, kNegative, kMoreThanArguments}; }
constexpr Rule function(std::string_view command) {
  return {command, 2, 0, 1, 0, "ERR Bad number of keys provided", kNegative, kMoreThanArguments};
}
constexpr Rule set_card(std::string_view command) { return {command, 1, 1, 1, 0, kNotPositive, kNotPositive, kMoreThanArguments}; }
constexpr Rule pop(std::string_view command, std::uint8_t number_at) {
  return {command, number_at, 1, 1, 1, kNotPositive, kNotPositive, kSyntax};
}
constexpr Rule sorted_set(std::string_view command, std::uint8_t number_at, std::string_view too_few) {
  return {command, number_at, 1, 1, 0, kNotAnInteger, too_few, kSyntax};
}

constexpr Rule kRules[] = {
    pop("blmpop", 2),
    pop("bzmpop", 2),
    script("eval"),
    script("eval_ro"),
    script("evalsha"),
    script("evalsha_ro"),
    function("fcall"),
    function("fcall_ro"),
    pop("lmpop", 1),
    {"msetex", 1, 1, 2, 0, kNotAnInteger, kNotPositive, kSyntax},
    set_card("sdiffcard"),
    set_card("sintercard"),
    set_card("sunioncard"),
    sorted_set("zdiff", 1, "ERR at least 1 input key is needed for 'zdiff' command"),
    sorted_set("zdiffstore", 2, "ERR at least 1 input key is needed for 'zdiffstore' command"),
    sorted_set("zinter", 1, "ERR at least 1 input key is needed for 'zinter' command"),
    sorted_set("zintercard", 1, "ERR at least 1 input key is needed for 'zintercard' command"),
    sorted_set("zinterstore", 2, "ERR at least 1 input key is needed for 'zinterstore' command"),
    pop("zmpop", 1),
    sorted_set("zunion", 1, "ERR at least 1 input key is needed for 'zunion' command"),
    sorted_set("zunionstore", 2, "ERR at least 1 input key is needed for 'zunionstore' command"),
};
static_assert(std::ranges::is_sorted(kRules, {}, &Rule::command));

const Rule* rule_of(const CommandSpec& spec) {
  switch (spec.key_function) {
    case KeyFunction::kNumKeys1:
    case KeyFunction::kNumKeys2:
    case KeyFunction::kStoreNumKeys:
    case KeyFunction::kMSetEx: return std::ranges::lower_bound(kRules, spec.name, {}, &Rule::command);
    default: return nullptr;
  }
}

std::string_view fault(const Rule& rule, Args args) {
  const std::optional<std::int64_t> number = parse_strict_integer(args[rule.number_at]);
  if (!number) return rule.not_an_integer;
  if (*number < rule.least) return rule.too_few;
  const std::int64_t left = static_cast<std::int64_t>(args.size()) - rule.number_at - 1 - rule.behind;
  return *number > left / rule.key_step ? rule.too_many : std::string_view{};
}

// EVALSHA looks at the length of the digest before anything else.
bool has_no_digest(const Rule& rule, Args args) {
  constexpr std::size_t kDigestSize = 40;
  return rule.command.starts_with("evalsha") && args[1].size() != kDigestSize;
}

}  // namespace

std::string_view numkeys_fault(const CommandSpec& spec, Args args) {
  const Rule* rule = rule_of(spec);
  if (rule == nullptr) return {};
  const std::string_view found = fault(*rule, args);
  return !found.empty() && has_no_digest(*rule, args) ? kNoScript : found;
}

}  // namespace respgate::protocol
