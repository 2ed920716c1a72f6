// Reads the rules of one user: tells selectors in parentheses from the rest, which
// may spread over several words, and gives each rule to the principal's builder.
//
//   rules    := ( rule | selector )*
//   selector := "(" rule* ")"            "(~a* +get" ")" or "(~a*" "+get)"
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "acl/policy_parser.h"
#include "acl/principal_builder.h"

namespace respgate::acl {

// A word and where it begins; views into the text that is parsed.
struct RuleWord {
  std::string_view text;
  unsigned column;  // from 1
};

class RuleReader {
 public:
  // Problems are appended to `errors`, which and `builder` outlive the reader.
  RuleReader(PrincipalBuilder& builder, unsigned line, std::vector<PolicyError>& errors);

  // Every word is looked at, however many before it were wrong.
  void read(std::span<const RuleWord> words);

 private:
  void read_rule(const RuleWord& word);
  void read_selector(std::span<const RuleWord> words);
  void read_selector_words(const RuleWord& word, SelectorBuilder& selector);
  void read_selector_rule(const RuleWord& rule, SelectorBuilder& selector);
  void report(unsigned column, std::string what);

  PrincipalBuilder& builder_;
  const unsigned line_;
  std::vector<PolicyError>& errors_;
};

}  // namespace respgate::acl
