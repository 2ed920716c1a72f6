#include "protocol/targets.h"

#include <algorithm>

#include "protocol/server_keys.h"
#include "protocol/text.h"
#include "protocol/true_keys.h"

namespace respgate::protocol {

const Targets& TargetFinder::find(const CommandSpec& spec, Args args) {
  if (spec.names_one_key) return one_key(spec);
  targets_.is_one_key_ = false;
  find_keys(spec, args);
  find_channels(spec.channels, args);
  find_databases(spec.databases, args);
  return targets_;
}

// The same as the long way comes to, which the tests compare for every such command.
const Targets& TargetFinder::one_key(const CommandSpec& spec) {
  targets_.keys_.assign(1, {1, spec.keys[0].access});
  targets_.channels_.clear();
  targets_.databases_.clear();
  targets_.reach_ = Reach::kNamed;
  targets_.database_scope_ = spec.databases.scope;
  targets_.status_ = Targets::Status::kFound;
  targets_.refusal_ = {};
  targets_.is_one_key_ = true;
  return targets_;
}

void TargetFinder::find_keys(const CommandSpec& spec, Args args) {
  targets_.keys_.clear();
  append_server_keys(spec, args, targets_.keys_);
  const TrueReading reading = read_true_keys(spec, args, targets_.keys_);
  targets_.reach_ = spec.reach == Reach::kNamed ? reading.reach : spec.reach;
  targets_.refusal_ = reading.refusal;
  targets_.status_ = reading.refusal.empty() ? Targets::Status::kFound : Targets::Status::kRefused;
}

void TargetFinder::find_channels(const ChannelSpec& spec, Args args) {
  targets_.channels_.clear();
  if (spec.mode == ChannelSpec::Mode::kNone || spec.mode == ChannelSpec::Mode::kUnsubscribe) return;
  const auto first = static_cast<std::size_t>(spec.first);
  const std::size_t end = spec.count < 0 ? args.size() : std::min(args.size(), first + static_cast<std::size_t>(spec.count));
  for (std::size_t i = first; i < end; ++i) targets_.channels_.push_back({static_cast<std::uint32_t>(i), spec.pattern});
}

void TargetFinder::find_databases(const DatabaseSpec& spec, Args args) {
  targets_.databases_.clear();
  targets_.database_scope_ = spec.scope;
  for (std::uint32_t i = spec.first; i < spec.first + spec.count; ++i) targets_.databases_.push_back(i);
  if (!spec.by_option) return;
  for (std::size_t i = 3; i + 1 < args.size(); ++i) {
    if (is_option(args[i], "DB")) targets_.databases_.push_back(static_cast<std::uint32_t>(++i));
  }
  if (!targets_.databases_.empty()) targets_.database_scope_ = DatabaseScope::kCurrentAndNamed;
}

}  // namespace respgate::protocol
