#include "acl/authorizer.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "acl/script_rules.h"
#include "acl/selector_builder.h"

namespace respgate::acl {
namespace {

using protocol::Args;
using protocol::CommandSpec;
using protocol::DatabaseScope;
using protocol::Reach;
using protocol::Targets;
using Reason = Decision::Reason;
using Detail = Decision::Detail;

constexpr Decision kPass{Reason::kAllowed};

// One request, as every selector in turn looks at it.
struct Request {
  const Principal& principal;
  const CommandSpec& spec;
  Args args;
  const Targets& targets;
  const PolicyOptions& options;
  std::int64_t database;
};

bool grants_command(const Selector& selector, const CommandSpec& spec, Args args) {
  // Whoever cannot log in, greet or leave cannot be a client at all: no rule takes these away.
  if (spec.has(protocol::flag::kNoAuth)) return true;
  if (selector.commands().contains(spec.id)) return true;
  return args.size() > 1 && selector.commands().contains_first_argument(spec.id, args[1]);
}

enum class Eyes : bool { kServer, kOurs };  // who looks at a key

std::optional<std::uint32_t> first_refused_key(const Selector& selector, const Request& request, Eyes eyes) {
  if (selector.grants_all_keys()) return std::nullopt;
  for (const protocol::KeyRef& key : request.targets.keys()) {
    if (key.beyond_server != (eyes == Eyes::kOurs)) continue;
    if (!selector.grants(request.args[key.arg], key.access)) return key.arg;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> first_refused_channel(const Selector& selector, const Request& request) {
  if (selector.grants_all_channels()) return std::nullopt;
  for (const protocol::ChannelRef& channel : request.targets.channels()) {
    if (!selector.grants_channel(request.args[channel.arg], channel.is_pattern)) return channel.arg;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> first_refused_database(const Selector& selector, const Request& request) {
  if (selector.grants_all_databases()) return std::nullopt;
  const DatabaseScope scope = request.targets.database_scope();
  if (scope == DatabaseScope::kAll) return 0;
  const bool touches_current = scope == DatabaseScope::kCurrent || scope == DatabaseScope::kCurrentAndNamed;
  if (touches_current && !selector.grants_database(request.database)) return 0;
  for (const std::uint32_t arg : request.targets.databases()) {
    const std::optional<std::int64_t> database = read_database(request.args[arg]);
    if (!database || !selector.grants_database(*database)) return arg;
  }
  return std::nullopt;
}

// What a server would say of this selector.
Decision check_as_server(const Selector& selector, const Request& request) {
  if (!grants_command(selector, request.spec, request.args)) return {Reason::kCommand};
  if (const auto arg = first_refused_key(selector, request, Eyes::kServer)) return {Reason::kKey, Detail::kNone, *arg};
  if (!request.targets.is_one_key()) {
    if (const auto arg = first_refused_channel(selector, request)) return {Reason::kChannel, Detail::kNone, *arg};
  }
  if (const auto arg = first_refused_database(selector, request)) return {Reason::kDatabase, Detail::kNone, *arg};
  return kPass;
}

Decision check_reach(const Selector& selector, const Request& request) {
  switch (request.targets.reach()) {
    case Reach::kNamed: return kPass;
    case Reach::kAnyKeyBy: return selector.grants_reading_every_key() ? kPass : Decision{Reason::kKey, Detail::kSortBy};
    case Reach::kAnyKeyGet: return selector.grants_reading_every_key() ? kPass : Decision{Reason::kKey, Detail::kSortGet};
    case Reach::kAnyKey:
      return may_run_script(request.principal, request.spec, request.args, request.options) ? kPass
                                                                                            : Decision{Reason::kCommand, Detail::kScript};
    case Reach::kKeyspaceNames: break;
  }
  const bool may_see_names = selector.grants_all_keys() || !request.options.require_all_keys_for_keyspace;
  return may_see_names ? kPass : Decision{Reason::kKey, Detail::kKeyspaceNames};
}

// What a server does not see, or sees only while it runs the command.
Decision check_beyond_server(const Selector& selector, const Request& request) {
  if (request.targets.is_one_key()) return kPass;
  if (const auto arg = first_refused_key(selector, request, Eyes::kOurs)) return {Reason::kKey, Detail::kNone, *arg};
  const Decision reach = check_reach(selector, request);
  if (!reach.allowed()) return reach;
  return request.targets.status() == Targets::Status::kFound ? kPass : Decision{Reason::kKey, Detail::kTargets};
}

// Of two denials, the one from the selector that got further; then the later argument.
const Decision& further(const Decision& a, const Decision& b) { return std::tie(a.reason, a.arg) < std::tie(b.reason, b.arg) ? b : a; }

}  // namespace

Decision authorize(const Principal& principal, const CommandSpec& spec, Args args, const Targets& targets, const PolicyOptions& options,
                   std::int64_t database) {
  const Request request{principal, spec, args, targets, options, database};
  Decision denied;                  // as the server would report it
  std::optional<Decision> refused;  // by us, where a server would have allowed it
  for (std::size_t i = 0; i < principal.selectors().size(); ++i) {
    // One selector must grant the whole command; grants are never combined.
    const Selector& selector = principal.selectors()[i];
    const Decision seen = check_as_server(selector, request);
    if (!seen.allowed()) {
      denied = further(denied, seen);
      continue;
    }
    Decision ours = check_beyond_server(selector, request);
    if (ours.allowed()) {
      ours.selector = static_cast<std::int16_t>(std::min<std::size_t>(i, INT16_MAX));
      return ours;
    }
    refused = refused ? further(*refused, ours) : ours;
  }
  return refused.value_or(denied);
}

// The server's part is asked first, so a decision of its kind says nothing of the reach.
bool may_be_observed(const Decision& decision, const Principal& principal, const CommandSpec& spec, Args args, const Targets& targets,
                     const PolicyOptions& options) {
  if (decision.detail != Detail::kNone && decision.detail != Detail::kKeyspaceNames) return false;
  if (targets.status() != Targets::Status::kFound) return false;
  const Request request{principal, spec, args, targets, options, 0};
  return std::ranges::any_of(principal.selectors(), [&](const Selector& selector) {
    const Decision reach = check_reach(selector, request);
    return reach.allowed() || reach.detail == Detail::kKeyspaceNames;
  });
}

bool refused_by_name(const Principal& principal, const CommandSpec& spec, Args head) {
  return std::none_of(principal.selectors().begin(), principal.selectors().end(), [&](const Selector& selector) {
    const bool may_follow = head.size() < 2 && selector.commands().has_first_arguments(spec.id);
    return may_follow || grants_command(selector, spec, head);
  });
}

}  // namespace respgate::acl
