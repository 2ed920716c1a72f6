// SEC 3: which users can do harm with one command, by accident or on purpose.
#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "proxy/posture/command_reach.h"
#include "proxy/posture/sections.h"

namespace respgate::proxy {
namespace {

using acl::Policy;
using acl::Principal;
using Users = std::vector<const Principal*>;

constexpr int kSec = 3;
constexpr std::size_t kMostCommands = 12;

bool has_all_keys(const Principal& user) {
  return std::any_of(user.selectors().begin(), user.selectors().end(),
                     [](const acl::Selector& selector) { return selector.grants_all_keys(); });
}

Users limited(const Users& users) {
  Users found;
  std::copy_if(users.begin(), users.end(), std::back_inserter(found), [](const Principal* user) { return !user->is_unrestricted(); });
  return found;
}

void judge_unrestricted(const Users& users, Findings& findings) {
  Users all;
  std::copy_if(users.begin(), users.end(), std::back_inserter(all), [](const Principal* user) { return user->is_unrestricted(); });
  const std::vector<std::string> names = names_of(all);
  if (names.size() == 1) findings.ok(kSec, users_text(names) + " alone has no limits");
  if (names.size() > 1)
    findings.warn(kSec, users_text(names) + " have no limits", "each can erase, read and change everything",
                  "keep one for operators, and write what the others need");
}

// What reaches the keys and settings of everybody, whatever keys a user was granted.
bool reaches_everybody(const protocol::CommandSpec& spec) {
  static constexpr std::array<std::string_view, 5> kNames{"config|set", "debug", "flushall", "flushdb", "swapdb"};
  return std::find(kNames.begin(), kNames.end(), spec.name) != kNames.end();
}

// One line for the users that can run the same commands.
struct Group {
  CommandList commands;
  bool all_keys;
  auto operator<=>(const Group& other) const = default;
};

void tell_dangerous(const Group& group, const std::vector<std::string>& users, Findings& findings) {
  CommandList grave;
  if (!group.all_keys)
    std::copy_if(group.commands.begin(), group.commands.end(), std::back_inserter(grave),
                 [](const auto* spec) { return reaches_everybody(*spec); });
  const std::string what = users_text(users) + " can run " + list_text(names_of(group.commands), kMostCommands);
  const std::string write = "write -@dangerous -@admin and add what is needed, or a rule with action: deny";
  if (grave.empty())
    findings.warn(kSec, what, "@dangerous and @admin look into the server, slow it down or change it for everybody", write);
  else
    findings.fail(kSec, what, list_text(names_of(grave), kMostCommands) + " do not stop at the keys they may use", write);
}

void judge_dangerous(const Policy& policy, const Users& users, Findings& findings) {
  std::map<Group, std::vector<std::string>> groups;
  for (const Principal* user : users) {
    Group group{dangerous_reach_of(policy, *user), has_all_keys(*user)};
    if (!group.commands.empty()) groups[std::move(group)].push_back(user->name());
  }
  if (groups.empty()) return findings.ok(kSec, "no user with limits can run a command of @dangerous or @admin");
  std::vector<std::pair<std::vector<std::string>, const Group*>> by_name;  // in the order of names, not of addresses
  by_name.reserve(groups.size());
  for (const auto& [group, names] : groups) by_name.emplace_back(names, &group);
  std::sort(by_name.begin(), by_name.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [names, group] : by_name) tell_dangerous(*group, names, findings);
}

CommandList commands_that(protocol::Reach reach, protocol::Category category) {
  CommandList found;
  for (const protocol::CommandSpec& spec : protocol::all_commands()) {
    if (spec.reach == reach && spec.in(category)) found.push_back(&spec);
  }
  return found;
}

void judge_keyspace(const Policy& policy, const Users& users, Findings& findings) {
  if (policy.options().require_all_keys_for_keyspace)
    return findings.ok(kSec, "commands.keyspace: require_all_keys: names of keys are shown to users with all keys only");
  CommandList reached;
  Users seers;
  for (const protocol::CommandSpec* spec : commands_that(protocol::Reach::kKeyspaceNames, protocol::Category::kKeyspace)) {
    for (const Principal* user : users) {
      if (has_all_keys(*user) || !can_run(policy, *user, *spec)) continue;
      if (reached.empty() || reached.back() != spec) reached.push_back(spec);
      seers.push_back(user);
    }
  }
  if (seers.empty()) return;
  const auto by_name = [](const Principal* a, const Principal* b) { return a->name() < b->name(); };
  std::sort(seers.begin(), seers.end(), by_name);
  seers.erase(std::unique(seers.begin(), seers.end()), seers.end());
  findings.warn(kSec,
                "commands.keyspace: allow: " + list_text(names_of(reached), kMostCommands) + " tell " + users_text(names_of(seers)) +
                    " of keys they may not use",
                "names of keys hold names of people and orders", "write keyspace: require_all_keys");
}

void judge_scripts(const Policy& policy, const Users& users, Findings& findings) {
  const acl::PolicyOptions& options = policy.options();
  using Scripts = acl::PolicyOptions::Scripts;
  if (options.scripts == Scripts::kDeny) return;
  if (options.scripts == Scripts::kAllowList) {
    return findings.ok(kSec,
                       "commands.scripts: " + counted(options.script_sha1.size(), "script") + " and " +
                           counted(options.functions.size(), "function") + " are listed",
                       "what they do at the node is not seen: list only what was read");
  }
  Users runners;
  for (const Principal* user : users) {
    const auto runs = [&](const protocol::CommandSpec* spec) { return can_run(policy, *user, *spec); };
    const CommandList scripts = commands_that(protocol::Reach::kAnyKey, protocol::Category::kScripting);
    if (policy.identity_of(user) == 0 && std::any_of(scripts.begin(), scripts.end(), runs)) runners.push_back(user);
  }
  if (runners.empty()) return;
  findings.fail(kSec, "commands.scripts: allow: " + users_text(names_of(runners)) + " can run any script and function",
                "at the node they run as the proxy, with every key and command that it has",
                "write mode: allowlist with their sha1, or upstream.per_user_credentials for these users");
}

}  // namespace

void judge_commands(const Snapshot& snapshot, Findings& findings) {
  const Policy& policy = *snapshot.policy;
  const Users users = enabled_users(policy);
  if (policy.options().observe)
    findings.warn(kSec, "enforcement: observe: what the ACL denies is counted and let through", "no limit below holds",
                  "write enforcement: enforce once the audit shows nothing that is needed");
  judge_unrestricted(users, findings);
  judge_dangerous(policy, limited(users), findings);
  judge_keyspace(policy, limited(users), findings);
  judge_scripts(policy, limited(users), findings);
  if (snapshot.config.upstream.sentinel.mode == SentinelConfig::Mode::kOff)
    findings.warn(kSec, "upstream.sentinel.mode: off: replies that no longer match their requests go unnoticed",
                  "a fault of the node moves every answer by one", "write mode: on, or strict");
}

}  // namespace respgate::proxy
