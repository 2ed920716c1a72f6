// A client of a gate: says words, hears what the gate made of them.  No socket.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "acl/policy_parser.h"
#include "protocol/command_parser.h"
#include "proxy/gate/gate.h"

namespace respgate::proxy {

inline constexpr std::string_view kUsers =
    "user default off\n"
    "user app on >app-secret ~app:* &app:* +@all -@dangerous\n"
    "user admin on >admin-secret ~* &* +@all\n"
    "user gone off >gone-secret ~* +@all\n"
    "user born on ~* &* +@all\n";

struct Setting {
  std::string_view users = kUsers;
  std::vector<acl::CommandRuleText> rules = {};
  std::vector<acl::RenameText> renames = {};
  acl::PolicyOptions options = {};
};

inline acl::PolicyPtr make_policy(const Setting& setting, std::uint64_t generation = 1) {
  auto principals = acl::parse_policy(setting.users);
  EXPECT_TRUE(principals);
  const std::vector<acl::CommandRules::Group> groups{{"team", {"app"}}};
  EXPECT_TRUE(acl::CommandRules::check(setting.rules, setting.renames, groups).empty());
  acl::CommandRules rules(setting.rules, setting.renames, groups);
  return std::make_shared<acl::Policy>(std::move(*principals), groups, std::move(rules), setting.options, generation);
}

inline constexpr Standing kWithLane{.has_lane = true};

// What a verdict would send.
inline std::string words(const Verdict& verdict) {
  std::string text;
  for (const std::string_view word : verdict.args) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

class Client {
 public:
  // `born_as`: logged in from the start as this user.
  explicit Client(const Setting& setting = {}, std::string born_as = "", std::string group = "", ProcessView* process = nullptr)
      : gate_(state(setting, std::move(born_as), std::move(group)), finder_, facts_, process) {}

  const Verdict& say(const std::vector<std::string>& words, const Standing& standing = {}) {
    words_ = words;
    views_.assign(words_.begin(), words_.end());
    wire_.clear();
    protocol::append_command(wire_, views_);
    return verdict_ = gate_.admit({views_, views_.size(), wire_, false}, standing);
  }
  const Verdict& say_drained(const std::vector<std::string>& words) {
    words_ = words;
    views_.assign(words_.begin(), words_.end());
    return verdict_ = gate_.admit({views_, views_.size(), {}, true}, {});
  }
  std::string hear(const std::vector<std::string>& words) { return std::string(say(words).answer); }
  std::string user() const { return gate_.is_logged_in() ? gate_.client().principal->name() : ""; }

  ServerFacts facts_;
  protocol::TargetFinder finder_;
  Gate gate_;

 private:
  static ClientState state(const Setting& setting, std::string born_as, std::string group) {
    ClientState client;
    client.id = 7;
    client.source = "192.0.2.1";
    client.policy = make_policy(setting);
    client.born_as = std::move(born_as);
    client.group = std::move(group);
    return client;
  }

  std::vector<std::string> words_;
  std::vector<std::string_view> views_;
  std::string wire_;
  Verdict verdict_;
};

}  // namespace respgate::proxy
