#include "proxy/gate/command_catalog.h"

#include <algorithm>

#include "acl/authorizer.h"
#include "acl/script_rules.h"

namespace respgate::proxy {

using protocol::CommandSpec;

bool CommandCatalog::contains(const CommandSpec& spec) const {
  if (policy_.rules().client_name(spec).empty()) return false;
  if (!spec.is_container) return may_run(spec);
  return std::ranges::any_of(protocol::subcommands(spec), [this](const CommandSpec& each) { return may_run(each); });
}

CommandCatalog::Specs CommandCatalog::commands() const {
  Specs specs;
  for (const CommandSpec& spec : protocol::all_commands()) {
    if (spec.container == protocol::kNoCommand && contains(spec)) specs.push_back(&spec);
  }
  return specs;
}

CommandCatalog::Specs CommandCatalog::subcommands(const CommandSpec& container) const {
  Specs specs;
  if (!container.is_container) return specs;
  for (const CommandSpec& spec : protocol::subcommands(container)) {
    if (contains(spec)) specs.push_back(&spec);
  }
  return specs;
}

const CommandSpec* CommandCatalog::find(std::string_view full_name) const {
  const std::size_t bar = full_name.find('|');
  const bool names_subcommand = bar != std::string_view::npos;
  const std::string_view words[] = {full_name.substr(0, bar), names_subcommand ? full_name.substr(bar + 1) : std::string_view()};
  const protocol::CommandLookup found = policy_.rules().find(protocol::Args(words, names_subcommand ? 2 : 1));
  if (found.status != protocol::CommandLookup::Status::kFound) return nullptr;
  // "get|x" finds GET: only what a container holds has a bar in its name.
  if (names_subcommand != (found.spec->container != protocol::kNoCommand)) return nullptr;
  return contains(*found.spec) ? found.spec : nullptr;
}

std::string CommandCatalog::name_of(const CommandSpec& spec) const { return policy_.rules().client_name(spec); }

bool CommandCatalog::may_run(const CommandSpec& spec) const {
  if (spec.dispatch == protocol::Dispatch::kRefused) return false;
  if (policy_.rules().apply(principal_, spec).kind == acl::RuleOutcome::Kind::kDeny) return false;
  if (spec.reach == protocol::Reach::kAnyKey && acl::is_closed_script(principal_, spec, policy_.options())) return false;
  return policy_.options().observe || !acl::refused_by_name(principal_, spec, protocol::Args(&spec.name, 1));
}

}  // namespace respgate::proxy
