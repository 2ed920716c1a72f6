// Recorded verdicts of Redis 7.0.15's ACL DRYRUN over keys and channels, against a
// checker so small that it can only be right if the targets are.
#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "protocol/targets.h"

namespace respgate::protocol {
namespace {

// A pattern of the recorded users: some letters, or letters and a star.
bool matches(std::string_view pattern, std::string_view text) {
  if (!pattern.ends_with('*')) return text == pattern;
  pattern.remove_suffix(1);
  return text.starts_with(pattern) && !text.empty();  // the server's glob does not match the empty key
}

// One selector, of the rules that the recorded users have.
class Rules {
 public:
  void add(std::string_view rule) {
    if (rule == "+@all" || rule == "-@dangerous") {
      (rule == "+@all" ? every_command_ : no_dangerous_) = true;
    } else if (rule.starts_with('+')) {
      commands_.emplace_back(rule.substr(1));
    } else if (rule == "~*" || rule == "&*") {
      (rule == "~*" ? every_key_ : every_channel_) = true;
    } else if (rule.starts_with('&')) {
      channels_.emplace_back(rule.substr(1));
    } else {
      const std::string_view letters = rule.substr(0, rule.find('~'));
      const Access access = letters == "%R" ? Access::kRead : letters == "%W" ? Access::kWrite : Access::kReadWrite;
      keys_.emplace_back(rule.substr(rule.find('~') + 1), access);
    }
  }

  // (how far it got, the argument that stopped it): 3 is allowed.
  std::pair<int, std::uint32_t> check(const CommandSpec& spec, Args args, const Targets& targets) const {
    if (!grants_command(spec)) return {0, 0};
    for (const KeyRef& key : targets.keys()) {
      if (!key.beyond_server && !grants_key(args[key.arg], key.access)) return {1, key.arg};
    }
    for (const ChannelRef& channel : targets.channels()) {
      if (!grants_channel(args[channel.arg], channel.is_pattern)) return {2, channel.arg};
    }
    return {3, 0};
  }

 private:
  bool grants_command(const CommandSpec& spec) const {
    if (every_command_) return !no_dangerous_ || !spec.in(Category::kDangerous);
    return std::ranges::find(commands_, spec.name) != commands_.end();
  }
  bool grants_key(std::string_view key, Access access) const {
    return every_key_ || std::ranges::any_of(keys_, [&](const auto& grant) {
             return (grant.second | access) == grant.second && matches(grant.first, key);
           });
  }
  bool grants_channel(std::string_view channel, bool literally) const {
    return every_channel_ || std::ranges::any_of(channels_, [&](const std::string& pattern) {
             return literally ? channel == pattern : matches(pattern, channel);
           });
  }

  std::vector<std::string> commands_;
  std::vector<std::pair<std::string, Access>> keys_;
  std::vector<std::string> channels_;
  bool every_command_ = false, no_dangerous_ = false, every_key_ = false, every_channel_ = false;
};

std::vector<Rules> read_user(const nlohmann::json& rules) {
  std::vector<Rules> selectors(1);
  for (const std::string text : rules) {
    if (!text.starts_with('(')) {
      selectors.front().add(text);
      continue;
    }
    Rules& selector = selectors.emplace_back();
    std::string_view words(text);
    for (words = words.substr(1, words.size() - 2); !words.empty();) {
      const std::size_t end = std::min(words.find(' '), words.size());
      selector.add(words.substr(0, end));
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  }
  return selectors;
}

std::string verdict(const std::vector<Rules>& user, const CommandSpec& spec, Args args, const Targets& targets) {
  std::pair<int, std::uint32_t> furthest{0, 0};
  for (const Rules& selector : user) furthest = std::max(furthest, selector.check(spec, args, targets));
  constexpr std::string_view kNames[] = {"cmd", "key:", "chan:", "ok"};
  const std::string name(kNames[furthest.first]);
  return name.ends_with(':') ? name + std::string(args[furthest.second]) : name;
}

TEST(TargetsVectorsTest, EveryRecordedVerdictFollowsFromTheServersView) {
  std::ifstream file(std::string(RESPGATE_TEST_DATA) + "/acl_key_vectors.json");
  const nlohmann::json recorded = nlohmann::json::parse(file);
  std::map<std::string, std::vector<Rules>> users;
  for (const auto& [name, rules] : recorded["users"].items()) users[name] = read_user(rules);

  TargetFinder finder;
  std::size_t checked = 0;
  for (const nlohmann::json& row : recorded["cases"]) {
    const std::vector<std::string> words = row[1];
    const std::vector<std::string_view> args(words.begin(), words.end());
    const CommandLookup found = find_command(args);
    ASSERT_EQ(found.status, CommandLookup::Status::kFound) << row;
    ASSERT_EQ(verdict(users.at(row[0].get<std::string>()), *found.spec, args, finder.find(*found.spec, args)), row[2].get<std::string>())
        << row;
    ++checked;
  }
  EXPECT_EQ(checked, 4344u);
}

}  // namespace
}  // namespace respgate::protocol
