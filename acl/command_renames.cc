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

}  // namespace respgate::acl
