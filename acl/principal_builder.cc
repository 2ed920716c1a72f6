#include "acl/principal_builder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "acl/words.h"

namespace respgate::acl {
namespace {

// For suggestions.
constexpr std::array<std::string_view, 16> kWords{"on",
                                                  "off",
                                                  "nopass",
                                                  "resetpass",
                                                  "sanitize-payload",
                                                  "skip-sanitize-payload",
                                                  "reset",
                                                  "clearselectors",
                                                  "allkeys",
                                                  "resetkeys",
                                                  "allchannels",
                                                  "resetchannels",
                                                  "allcommands",
                                                  "nocommands",
                                                  "alldbs",
                                                  "resetdbs"};

bool is_password_rule(char first) { return first == '>' || first == '<' || first == '#' || first == '!'; }

}  // namespace

PrincipalBuilder::PrincipalBuilder(std::string name, unsigned line) {
  principal_.name_ = std::move(name);
  principal_.line_ = line;
}

RuleProblem PrincipalBuilder::apply(std::string_view rule) {
  if (rule.empty() || apply_word(rule)) return std::nullopt;  // the server skips empty rules too
  if (is_password_rule(rule.front())) return apply_password(rule);
  if (SelectorBuilder::is_selector_rule(rule)) return root_.apply(rule);
  // What cannot be read may be a password somebody forgot to mark as one: never repeat it.
  return "no such rule" + suggestion(rule, kWords) +
         "; write on, off, >password, #sha256, ~pattern, &pattern, +command, -command, +@category or (selector)";
}

bool PrincipalBuilder::apply_word(std::string_view rule) {
  const std::string word = lowered(rule);
  if (word == "on" || word == "off") {
    principal_.enabled_ = word == "on";
  } else if (word == "nopass" || word == "resetpass") {
    principal_.passwords_.clear();
    principal_.nopass_ = word == "nopass";
  } else if (word == "sanitize-payload" || word == "skip-sanitize-payload") {
    principal_.sanitize_payload_ = word == "sanitize-payload";
  } else if (word == "clearselectors") {
    principal_.selectors_.clear();
  } else if (word == "reset") {
    reset();
  } else {
    return false;
  }
  return true;
}

RuleProblem PrincipalBuilder::apply_password(std::string_view rule) {
  const std::string_view value = rule.substr(1);
  const bool is_plain = rule.front() == '>' || rule.front() == '<';
  if (is_plain && value.size() > kMaxPasswordBytes)
    return "the password is longer than 4096 bytes, which AUTH refuses; write a shorter one";
  const std::optional<Secret> secret = is_plain ? Secret::of_password(value) : Secret::of_hex(value);
  if (!secret) return "a password hash is exactly 64 lower-case hexadecimal digits; write what `respgate hash-password` prints";
  const bool adds = rule.front() == '>' || rule.front() == '#';
  return adds ? add_secret(*secret) : remove_secret(*secret);
}

RuleProblem PrincipalBuilder::add_secret(const Secret& secret) {
  auto& passwords = principal_.passwords_;
  if (std::find(passwords.begin(), passwords.end(), secret) == passwords.end()) passwords.push_back(secret);
  principal_.nopass_ = false;
  return std::nullopt;
}

RuleProblem PrincipalBuilder::remove_secret(const Secret& secret) {
  if (std::erase(principal_.passwords_, secret) > 0) return std::nullopt;
  return "the password to be removed is not one of this user's; remove the rule, or add the password before it";
}

void PrincipalBuilder::add_selector(Selector selector) { principal_.selectors_.push_back(std::move(selector)); }

void PrincipalBuilder::reset() {
  PrincipalBuilder fresh(principal_.name_, principal_.line_);
  *this = std::move(fresh);
}

Principal PrincipalBuilder::build() const {
  Principal principal = principal_;
  principal.selectors_.insert(principal.selectors_.begin(), root_.build());
  return principal;
}

}  // namespace respgate::acl
