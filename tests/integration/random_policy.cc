#include "tests/integration/random_policy.h"

namespace respgate::test {
namespace {

const std::vector<std::string> kKeyRules = {"~a:*",      "~b:*",    "~c:*",     "%R~a:*",  "%W~a:*",    "%R~b:*",    "%W~b:*", "%RW~c:*",
                                            "%R~*",      "%W~*",    "~?:str",   "~[ab]:*", "~[^c]:*",   "~a",        "~\\a:*", "~*:list",
                                            "%R~*:hash", "~secret", "~STREAMS", "~get",    "%W~secret", "~a:[l-s]*", "%r~b",   "~"};
const std::vector<std::string> kChannelRules = {"&a:*", "&b:*", "&news", "&new?", "&*s", "&[ab]:str", "&"};
const std::vector<std::string> kCategories = {
    "keyspace", "read",   "write", "set",  "sortedset", "list",     "hash",      "string",     "bitmap",      "hyperloglog", "geo",
    "stream",   "pubsub", "admin", "fast", "slow",      "blocking", "dangerous", "connection", "transaction", "scripting",   "all"};
const std::vector<std::string> kFirstArguments = {"select|0", "get|a:str", "set|b:str", "debug|sleep", "publish|news", "sort|a:list"};

void append_some(Random& random, std::string& rules, const std::vector<std::string>& choices, std::size_t most) {
  for (std::size_t n = below(random, most + 1); n > 0; --n) rules += " " + pick(random, choices);
}

void append_keys(Random& random, std::string& rules) {
  if (chance(random, 0.15)) {
    rules += " ~*";
  } else {
    append_some(random, rules, kKeyRules, 5);
  }
}

void append_channels(Random& random, std::string& rules) {
  if (chance(random, 0.2)) {
    rules += " &*";
  } else {
    append_some(random, rules, kChannelRules, 3);
  }
}

void append_commands(Random& random, std::string& rules, const std::vector<std::string>& commands) {
  if (chance(random, 0.35)) rules += " +@all";
  for (std::size_t n = below(random, 9); n > 0; --n) {
    const std::string sign = chance(random, 0.65) ? " +" : " -";
    const std::size_t kind = below(random, 10);
    if (kind < 4) {
      rules += sign + "@" + pick(random, kCategories);
    } else if (kind < 9) {
      rules += sign + pick(random, commands);
    } else {
      rules += " +" + pick(random, kFirstArguments);
    }
  }
}

std::string selector_rules(Random& random, const std::vector<std::string>& commands) {
  std::string rules;
  append_keys(random, rules);
  append_channels(random, rules);
  append_commands(random, rules, commands);
  return rules;
}

}  // namespace

std::string random_users(Random& random, std::size_t count, const std::vector<std::string>& commands) {
  std::string text = "user default off\nuser root on >root-secret ~* &* +@all\n";
  for (std::size_t n = 0; n < count; ++n) {
    const std::string name = "u" + std::to_string(n);
    text += "user " + name + " on >" + name + "-secret" + selector_rules(random, commands);
    for (std::size_t selectors = chance(random, 0.4) ? 1 + below(random, 2) : 0; selectors > 0; --selectors) {
      const std::string rules = selector_rules(random, commands);
      if (!rules.empty()) text += " (" + rules.substr(1) + ")";
    }
    text += "\n";
  }
  return text;
}

}  // namespace respgate::test
