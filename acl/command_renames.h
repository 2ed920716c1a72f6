// Finds commands where some answer to other names than their own: what
// `rename-command` is to a server.
#pragma once

#include <bitset>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/command_table.h"

namespace respgate::acl {

struct RenameText {
  std::string from;
  std::string to;  // "": the command is gone
  bool operator==(const RenameText&) const = default;
};

class CommandRenames {
 public:
  static constexpr std::size_t kMaxNameBytes = 64;

  CommandRenames() = default;
  // REQUIRES: CommandRules::check() found nothing.
  explicit CommandRenames(std::span<const RenameText> renames);

  // protocol::find_command() but for the renamed.  Names of a length that no rename has cost one test of a bit.
  protocol::CommandLookup find(protocol::Args args) const;
  // The other way round: what clients must say for this command ("cfg-9d1f|get"); "" when it is gone.
  std::string client_name(const protocol::CommandSpec& spec) const;

  bool empty() const { return originals_.empty(); }

 private:
  void add(std::string_view name, std::string original);
  std::string new_name(std::string_view original) const;

  // Lower-case name → the command that answers to it, "" for nobody: both old and new names are here.
  std::unordered_map<std::string, std::string> originals_;
  std::bitset<kMaxNameBytes + 1> lengths_;
};

}  // namespace respgate::acl
