#include "proxy/metrics/tally.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "proxy/metrics/metrics.h"

namespace respgate::proxy {
namespace {

std::uint64_t failures_of(const UserTally& user) {
  return std::accumulate(user.failures.denials.begin(), user.failures.denials.end(), user.failures.authentication);
}

}  // namespace

std::vector<UserTally> most_failures(const Tally& tally, std::size_t n) {
  std::map<std::string, FailureTally> sums;
  for (const ListenerTally& listener : tally) {
    for (const UserTally& user : listener.users) {
      FailureTally& sum = sums[user.user];
      sum.authentication += user.failures.authentication;
      for (std::size_t i = 0; i < sum.denials.size(); ++i) sum.denials[i] += user.failures.denials[i];
    }
  }
  std::vector<UserTally> users;
  users.reserve(sums.size());
  for (auto& [name, failures] : sums) users.push_back({name, failures});
  std::erase_if(users, [](const UserTally& user) { return failures_of(user) == 0; });
  std::stable_sort(users.begin(), users.end(), [](const UserTally& a, const UserTally& b) { return failures_of(a) > failures_of(b); });
  if (users.size() > n) users.resize(n);
  return users;
}

ProcessTally Metrics::process_tally() const {
  ProcessTally all;
  for (const ListenerMetrics& listener : listeners_) {
    CommandTally& commands = all.commands.emplace_back();
    commands.forwarded = sum(listener, &ListenerCounters::commands_forwarded);
    commands.local = sum(listener, &ListenerCounters::commands_local);
    commands.denied = sum(listener, &ListenerCounters::commands_denied);
  }
  all.node.node = node_;
  all.node.lanes = sum(&UpstreamCounters::lanes);
  all.node.in_flight = sum(&UpstreamCounters::in_flight);
  all.node.reconnects = sum(&UpstreamCounters::reconnects_total);
  all.node.errors = sum(&UpstreamCounters::errors_total);
  all.node.desyncs = sum(&UpstreamCounters::desyncs_total);
  all.is_last_reload_good = is_last_reload_good_.load(std::memory_order_relaxed);
  all.last_good_load = last_good_load_.load(std::memory_order_relaxed);
  all.audit_dropped = audit_dropped_.load(std::memory_order_relaxed);
  return all;
}

}  // namespace respgate::proxy
