// Who someone is and what they were granted.  Built by the policy parser, immutable
// afterwards; shared between threads inside a Policy.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acl/pattern.h"
#include "protocol/command_table.h"

namespace respgate::acl {

// Longer passwords are refused, in users.acl and by AUTH (Redis has no limit; a proxy must).
inline constexpr std::size_t kMaxPasswordBytes = 4096;

// SHA-256 of a password.  Has no operator<< and no accessor that logs could use by accident.
class Secret {
 public:
  using Digest = std::array<std::uint8_t, 32>;
  static Secret of_password(std::string_view password);         // hashes
  static std::optional<Secret> of_hex(std::string_view hex64);  // lower-case hex, exactly 64
  static Digest digest_of(std::string_view password);
  bool equals(const Digest& digest) const;  // constant time
  std::string to_hex() const;               // ACL GETUSER shows hashes to those who may
  bool operator==(const Secret& other) const { return equals(other.digest_); }

 private:
  Digest digest_{};
};

// The commands a selector grants: a bit per command, plus first arguments (`+select|0`).
class CommandSet {
 public:
  bool contains(protocol::CommandId id) const { return bits_.test(id); }
  // `+cmd|arg` rules: does the first argument open it?  Any case.  Compared whole, where servers stop at a NUL:
  // `+get|public` must not open GET "public\0secret".
  bool contains_first_argument(protocol::CommandId id, std::string_view argument) const;
  bool has_first_arguments(protocol::CommandId id) const;
  bool is_all() const { return all_; }  // ALLCOMMANDS: nothing was taken away
  bool operator==(const CommandSet& other) const = default;

 private:
  friend class CommandSetBuilder;
  struct FirstArgument {
    protocol::CommandId id;
    std::string argument;
    bool operator==(const FirstArgument& other) const = default;
  };
  std::bitset<protocol::kMaxCommands> bits_;
  std::vector<FirstArgument> first_arguments_;
  bool all_ = false;
};

struct KeyGrant {
  Pattern pattern;
  protocol::Access access;
  bool operator==(const KeyGrant& other) const = default;
};

class Selector {
 public:
  const CommandSet& commands() const { return commands_; }
  bool grants_all_keys() const { return all_keys_; }
  // Some selector pattern is `*` with read, or all keys: what SORT BY/GET asks for.
  bool grants_reading_every_key() const;
  bool grants(std::string_view key, protocol::Access access) const;
  bool grants_all_channels() const { return all_channels_; }
  bool grants_channel(std::string_view channel, bool is_pattern) const;
  bool grants_all_databases() const { return all_databases_; }
  bool grants_database(std::int64_t database) const;
  // Everything: all commands, keys, channels and databases.
  bool is_unrestricted() const;

  std::span<const KeyGrant> key_grants() const { return keys_; }
  std::span<const Pattern> channel_grants() const { return channels_; }
  std::span<const std::int64_t> databases() const { return databases_; }
  // The command rules in the order they count, normalised: "-@all +@read -keys".
  const std::string& command_rules() const { return command_rules_; }
  bool operator==(const Selector& other) const = default;

 private:
  friend class SelectorBuilder;
  CommandSet commands_;
  std::vector<KeyGrant> keys_;
  std::vector<std::int16_t> first_bytes_;  // of their patterns: together, so that most are passed over at a glance
  std::vector<Pattern> channels_;
  std::vector<std::int64_t> databases_;
  std::string command_rules_ = "-@all";
  bool all_keys_ = false;
  bool all_channels_ = false;
  bool all_databases_ = true;
};

class Principal {
 public:
  const std::string& name() const { return name_; }
  bool is_enabled() const { return enabled_; }
  bool accepts_any_password() const { return nopass_; }
  bool sanitizes_payload() const { return sanitize_payload_; }
  std::span<const Secret> passwords() const { return passwords_; }
  // Root first.  Never empty.
  std::span<const Selector> selectors() const { return selectors_; }
  // One selector grants everything: may use what cannot be checked (scripts…).
  bool is_unrestricted() const;
  // Line of users.acl that defined it; 0 when built in.
  unsigned line() const { return line_; }
  // Same name and same rights, wherever they were defined.
  bool operator==(const Principal& other) const;

 private:
  friend class PrincipalBuilder;
  std::string name_;
  std::vector<Secret> passwords_;
  std::vector<Selector> selectors_;
  unsigned line_ = 0;
  bool enabled_ = false;
  bool nopass_ = false;
  bool sanitize_payload_ = true;
};

// As ACL LIST and ACL GETUSER of Redis 7.2 print them, and as parse_policy() reads them back.
std::string describe(const KeyGrant& grant);               // "%R~a*"
std::string describe_keys(const Selector& selector);       // "~a* %R~b*", "~*" for all keys, "" for none
std::string describe_channels(const Selector& selector);   // "&*", "&a &b", "" for none
std::string describe_databases(const Selector& selector);  // "alldbs", "db=0,1" or "resetdbs"
enum class Hashes : std::uint8_t { kShow, kHide };
std::string describe(const Principal& principal, Hashes hashes);  // "user alice on sanitize-payload #… ~a* …"

}  // namespace respgate::acl
