#include "acl/rule_reader.h"

#include <algorithm>
#include <utility>

#include "acl/words.h"

namespace respgate::acl {
namespace {

bool opens_selector(std::string_view word) { return word.starts_with('('); }
bool closes_selector(std::string_view word) { return word.ends_with(')'); }

// NUL is a byte like any other in a password given to ACL SETUSER; anywhere else servers cut the rule there.
bool may_hold_nul(std::string_view rule) { return rule.starts_with('>') || rule.starts_with('<'); }

RuleProblem selector_rule_problem(std::string_view rule) {
  if (rule.find('\0') != std::string_view::npos) return "NUL bytes are not part of any rule; remove them";
  if (rule.find_first_of("\"'") != std::string_view::npos)
    return "quotes inside a selector mean something else to every server; write the rule without them, '?' for the quote itself";
  if (opens_selector(rule)) return "selectors cannot be nested; close this one with ')' first";
  if (closes_selector(rule)) return "a rule inside a selector cannot end with ')', where the selector would end; write [)] in a pattern";
  if (!SelectorBuilder::is_selector_rule(rule))
    return "no such rule inside a selector; write commands, keys, channels or databases, like (~app:* +@read), and the rest outside";
  return std::nullopt;
}

}  // namespace

RuleReader::RuleReader(PrincipalBuilder& builder, unsigned line, std::vector<PolicyError>& errors)
    : builder_(builder), line_(line), errors_(errors) {}

void RuleReader::read(std::span<const RuleWord> words) {
  while (!words.empty()) {
    if (!opens_selector(words.front().text)) {
      read_rule(words.front());
      words = words.subspan(1);
      continue;
    }
    const auto last = std::find_if(words.begin(), words.end(), [](const RuleWord& word) { return closes_selector(word.text); });
    if (last == words.end())
      return report(words.front().column, "this '(' is never closed; write ')' behind the last rule of the selector");
    const auto length = static_cast<std::size_t>(last - words.begin()) + 1;
    read_selector(words.first(length));
    words = words.subspan(length);
  }
}

void RuleReader::read_rule(const RuleWord& word) {
  if (word.text.find('\0') != std::string_view::npos && !may_hold_nul(word.text))
    return report(word.column, "NUL bytes are not part of any rule; remove them");
  if (RuleProblem problem = builder_.apply(word.text)) report(word.column, std::move(*problem));
}

void RuleReader::read_selector(std::span<const RuleWord> words) {
  SelectorBuilder selector;
  for (std::size_t i = 0; i < words.size(); ++i) {
    RuleWord inside = words[i];
    if (i == 0) inside = {inside.text.substr(1), inside.column + 1};
    if (i + 1 == words.size()) inside.text.remove_suffix(1);
    read_selector_words(inside, selector);
  }
  builder_.add_selector(selector.build());
}

// A word may hold several rules: ACL SETUSER u "(~a* +get)".
void RuleReader::read_selector_words(const RuleWord& word, SelectorBuilder& selector) {
  const auto end = word.text.end();
  for (auto at = word.text.begin(); at != end;) {
    const auto first = std::find_if_not(at, end, is_blank);
    at = std::find_if(first, end, is_blank);
    if (first == at) continue;
    const auto offset = static_cast<std::size_t>(first - word.text.begin()), size = static_cast<std::size_t>(at - first);
    read_selector_rule({word.text.substr(offset, size), word.column + static_cast<unsigned>(offset)}, selector);
  }
}

void RuleReader::read_selector_rule(const RuleWord& rule, SelectorBuilder& selector) {
  RuleProblem problem = selector_rule_problem(rule.text);
  if (!problem) problem = selector.apply(rule.text);
  if (problem) report(rule.column, std::move(*problem));
}

void RuleReader::report(unsigned column, std::string what) { errors_.push_back({line_, column, std::move(what)}); }

}  // namespace respgate::acl
