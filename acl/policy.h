// An immutable snapshot of everything that decides: principals, groups, command
// rules and switches.  Replaced as a whole on reload; a shared_ptr to it is the only
// thing workers share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "acl/command_rules.h"
#include "acl/principal.h"
#include "acl/token_verifier.h"

namespace respgate::acl {

// Whose words a NOPERM uses: "this user has no permissions …" (7.0) or "User u has no permissions …" (7.2, Valkey).
enum class ServerTexts : std::uint8_t { kRedis70, kRedis72 };

struct PolicyOptions {
  ServerTexts texts = ServerTexts::kRedis72;
  bool require_all_keys_for_keyspace = false;  // commands.keyspace: require_all_keys
  bool observe = false;                        // enforcement: observe
  enum class Scripts : std::uint8_t { kDeny, kAllow, kAllowList } scripts = Scripts::kDeny;
  std::vector<std::string> script_sha1;  // kAllowList, lower-case hex
  std::vector<std::string> functions;    // kAllowList
  // Users whose commands reach the server as themselves: it checks what a proxy cannot see.
  std::vector<std::string> own_identity;
  std::shared_ptr<const TokenVerifier> tokens;  // null: nobody logs in with signed tokens
};

class Policy {
 public:
  // Principals come from parse_policy(); duplicates are impossible there.
  Policy(std::vector<Principal> principals, std::vector<CommandRules::Group> groups, CommandRules rules, PolicyOptions options,
         std::uint64_t generation);
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  // Exact bytes, case-sensitive.  nullptr: nobody of that name.  Pointers live as long as the policy.
  const Principal* find(std::string_view name) const;
  std::span<const Principal> principals() const { return principals_; }  // sorted by name bytes
  std::span<const CommandRules::Group> groups() const { return groups_; }
  bool is_member(std::string_view group, std::string_view principal) const;
  // The passwords of the user who has most; at least 1.
  std::size_t max_passwords() const { return max_passwords_; }
  // As whom the commands of a principal of this policy reach the server: its place among options().own_identity, counted
  // from 1; 0: as the proxy, as those of nobody (nullptr).
  std::uint32_t identity_of(const Principal* principal) const {
    return principal == nullptr ? 0 : identities_[static_cast<std::size_t>(principal - principals_.data())];
  }
  const CommandRules& rules() const { return rules_; }
  const PolicyOptions& options() const { return options_; }
  std::uint64_t generation() const { return generation_; }

 private:
  std::vector<Principal> principals_;
  std::vector<CommandRules::Group> groups_;
  CommandRules rules_;
  PolicyOptions options_;
  std::uint64_t generation_ = 0;
  std::size_t max_passwords_ = 1;
  std::vector<std::uint32_t> identities_;  // by place in principals_
  // Views into the two vectors above.
  std::unordered_map<std::string_view, const Principal*> by_name_;
  std::unordered_map<std::string_view, std::unordered_set<std::string_view>> members_;
};

using PolicyPtr = std::shared_ptr<const Policy>;

}  // namespace respgate::acl
