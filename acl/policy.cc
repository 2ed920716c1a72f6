#include "acl/policy.h"

#include <algorithm>
#include <utility>

namespace respgate::acl {

Policy::Policy(std::vector<Principal> principals, std::vector<CommandRules::Group> groups, CommandRules rules, PolicyOptions options,
               std::uint64_t generation)
    : principals_(std::move(principals)),
      groups_(std::move(groups)),
      rules_(std::move(rules)),
      options_(std::move(options)),
      generation_(generation) {
  std::sort(principals_.begin(), principals_.end(), [](const Principal& a, const Principal& b) { return a.name() < b.name(); });
  for (const Principal& principal : principals_) {
    by_name_.emplace(principal.name(), &principal);
    max_passwords_ = std::max(max_passwords_, principal.passwords().size());
    const auto& own = options_.own_identity;
    const auto place = std::find(own.begin(), own.end(), principal.name());
    identities_.push_back(place == own.end() ? 0 : static_cast<std::uint32_t>(place - own.begin()) + 1);
  }
  for (const CommandRules::Group& group : groups_) members_[group.name].insert(group.members.begin(), group.members.end());
}

const Principal* Policy::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

bool Policy::is_member(std::string_view group, std::string_view principal) const {
  const auto found = members_.find(group);
  return found != members_.end() && found->second.contains(principal);
}

}  // namespace respgate::acl
