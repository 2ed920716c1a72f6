#include "acl/command_renames.h"

#include <algorithm>
#include <array>
#include <utility>

#include "acl/words.h"

namespace respgate::acl {

CommandRenames::CommandRenames(std::span<const RenameText> renames) {
  for (const RenameText& rename : renames) {
    add(rename.from, "");
    if (!rename.to.empty()) add(rename.to, lowered(rename.from));
  }
}

void CommandRenames::add(std::string_view name, std::string original) {
  lengths_.set(name.size());
  originals_.emplace(lowered(name), std::move(original));
}

protocol::CommandLookup CommandRenames::find(protocol::Args args) const {
  if (args.empty() || args[0].size() > kMaxNameBytes || !lengths_.test(args[0].size())) return protocol::find_command(args);
  const auto found = originals_.find(lowered(args[0]));
  if (found == originals_.end()) return protocol::find_command(args);
  if (found->second.empty()) return {};
  const std::array<std::string_view, 2> words{found->second, args.size() > 1 ? args[1] : std::string_view{}};
  return protocol::find_command(protocol::Args(words).first(std::min(args.size(), words.size())));
}

std::string CommandRenames::new_name(std::string_view original) const {
  for (const auto& [name, command] : originals_) {
    if (command == original) return name;
  }
  return originals_.contains(std::string(original)) ? std::string() : std::string(original);
}

std::string CommandRenames::client_name(const protocol::CommandSpec& spec) const {
  if (empty()) return std::string(spec.name);
  const std::size_t bar = std::min(spec.name.find('|'), spec.name.size());
  std::string name = new_name(spec.name.substr(0, bar));
  if (!name.empty()) name += spec.name.substr(bar);
  return name;
}

}  // namespace respgate::acl
