#include "bench/micro/people.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "acl/policy_parser.h"
#include "protocol/command_parser.h"

namespace respgate::bench {

acl::PolicyPtr policy() {
  auto principals = acl::parse_policy(
      "user default off\n"
      "user everything on nopass ~* &* +@all\n"
      "user app on nopass ~orders:* ~carts:* ~users:* ~queue:* ~locks:* ~metrics:* ~flags:* ~cache:* ~sessions:* ~key:* +@all "
      "-@dangerous\n");
  if (!principals) {
    std::fputs("micro: the users are refused\n", stderr);
    std::exit(1);
  }
  const std::vector<acl::CommandRuleText> texts{
      {{"FLUSHALL", "FLUSHDB"}, {"everything"}, {}, acl::RuleAction::kRewrite, {"FLUSHDB", "ASYNC"}, ""},
      {{"KEYS", "DEBUG", "FLUSHALL", "FLUSHDB"}, {}, {}, acl::RuleAction::kDeny, {}, "use the runbook"},
      {{"CONFIG|SET"}, {}, {}, acl::RuleAction::kObserve, {}, ""},
  };
  acl::CommandRules rules(texts, {}, {});
  return std::make_shared<acl::Policy>(std::move(*principals), std::vector<acl::CommandRules::Group>{}, std::move(rules),
                                       acl::PolicyOptions{}, 1);
}

Spoken::Spoken(std::vector<std::string> words) : words_(std::move(words)), views_(words_.begin(), words_.end()) {
  protocol::append_command(wire_, views_);
}

std::vector<std::string> mget_10() {
  std::vector<std::string> words{"MGET"};
  for (int i = 0; i < 10; ++i) words.push_back("key:00000000000" + std::to_string(i));
  return words;
}

}  // namespace respgate::bench
