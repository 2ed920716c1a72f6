#include "proxy/metrics/metrics.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/metrics/exposition.h"

namespace respgate::proxy {
namespace {

using Reason = acl::Decision::Reason;

constexpr std::size_t kBuckets = std::size(ListenerCounters::kDurationBounds) + 1;
constexpr std::string_view kRefusedNames[kRefusedConnections] = {"address", "max_connections", "tls_handshake", "proxy_protocol"};
constexpr std::string_view kRefusedRequestNames[kRefusedRequests] = {"host", "token", "method", "too_large", "malformed"};

// Series of a listener without a user's name: connections, commands, the histogram and its sum and count.
constexpr std::size_t kSeriesOfListener = kRefusedConnections + 2 + 3 + kBuckets + 2;

// What is left of kMaxSeries for the names of users and listeners.
std::size_t series_for_names() {
  constexpr std::size_t kOfNode = 6;
  constexpr std::size_t kOfProcess = 6 + kRefusedRequests;
  const std::size_t fixed = kOfNode + kOfProcess + (protocol::all_commands().size() + 1) * kDenials.size();
  return kMaxSeries - std::min(kMaxSeries, fixed);
}

struct DenialFamily {
  std::string_view name;
  std::string_view help;
};
// In the order of kDenials.
constexpr DenialFamily kDenialFamilies[kDenials.size()] = {
    {"respgate_command_authorization_failures_total", "Commands denied because the user may not run them."},
    {"respgate_key_authorization_failures_total", "Commands denied because the user may not access a key."},
    {"respgate_channel_authorization_failures_total", "Commands denied because the user may not access a channel."},
    {"respgate_database_authorization_failures_total", "Commands denied because the user may not access the database."},
};

}  // namespace

void ListenerCounters::observe_duration(std::uint64_t nanoseconds) {
  const double seconds = static_cast<double>(nanoseconds) * 1e-9;
  const auto* const bound = std::lower_bound(std::begin(kDurationBounds), std::end(kDurationBounds), seconds);
  duration_buckets[bound - std::begin(kDurationBounds)].add();
  duration_sum_ns.add(nanoseconds);
}

Metrics::Metrics(const std::vector<std::string>& listeners, std::string node, std::size_t workers)
    : node_(std::move(node)), users_(series_for_names()), denied_commands_(protocol::all_commands().size() + 1) {
  for (std::size_t i = 0; i < workers; ++i) workers_.push_back(std::make_unique<WorkerCounters>());
  for (const std::string& name : listeners) listener(name);
}

ListenerMetrics& Metrics::listener(std::string_view name) {
  const auto same = [&](const ListenerMetrics& other) { return other.name == name; };
  if (const auto known = std::find_if(listeners_.begin(), listeners_.end(), same); known != listeners_.end()) return *known;
  users_.add_listener(kSeriesOfListener);
  return listeners_.emplace_back(listeners_.size(), name, workers_.size());
}

void Metrics::count_auth_failure(std::size_t listener, const acl::Principal* user, acl::AuthOutcome reason) {
  users_.count_auth_failure(listener, user, reason);
}

void Metrics::count_denial(std::size_t listener, const acl::Principal* user, std::string_view command, Reason reason) {
  users_.count_denial(listener, user, reason);
  const protocol::CommandSpec* spec = protocol::find_command_by_name(command);
  DeniedCommand& denied = spec != nullptr ? denied_commands_[spec->id] : denied_commands_.back();
  const auto column = std::find(kDenials.begin(), kDenials.end(), reason) - kDenials.begin();
  denied[static_cast<std::size_t>(column)].fetch_add(1, std::memory_order_relaxed);
}

void Metrics::count_rule_hit(const acl::Principal& user, std::string_view command, acl::RuleAction action) {
  users_.count_rule_hit(user, command, action);
}

void Metrics::count_observed_denial(const acl::Principal& user, std::string_view command, Reason reason) {
  users_.count_observed_denial(user, command, reason);
}

void Metrics::note_start(std::int64_t unix_seconds) { last_good_load_.store(unix_seconds, std::memory_order_relaxed); }

void Metrics::count_reload(bool success, std::int64_t unix_seconds) {
  (success ? reloads_good_ : reloads_failed_).fetch_add(1, std::memory_order_relaxed);
  is_last_reload_good_.store(success, std::memory_order_relaxed);
  if (success) last_good_load_.store(unix_seconds, std::memory_order_relaxed);
}

void Metrics::count_iam_refresh(bool success) { (success ? iam_refreshes_ : iam_failures_).fetch_add(1, std::memory_order_relaxed); }
void Metrics::count_audit_dropped(std::uint64_t n) { audit_dropped_.fetch_add(n, std::memory_order_relaxed); }

void Metrics::count_admin_refused(RefusedRequest why) {
  admin_refused_[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Metrics::sum(const ListenerMetrics& listener, Counter ListenerCounters::*cell) const {
  std::uint64_t total = 0;
  for (const ListenerCounters& counters : listener.of_worker) total += (counters.*cell).load();
  return total;
}

std::uint64_t Metrics::sum(Counter UpstreamCounters::*cell) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) total += (worker->upstream.*cell).load();
  return total;
}

std::string Metrics::expose() const {
  Exposition out;
  expose_users(out);
  expose_denied_commands(out);
  expose_command_counts(out);
  expose_listeners(out);
  expose_durations(out);
  expose_upstream(out);
  expose_certificates(out);
  expose_audit(out);
  expose_process(out);
  return out.text();
}

Tally Metrics::tally() const {
  Tally all;
  const std::vector<const UserCounters::UserRow*> rows = users_.rows();
  for (const ListenerMetrics& listener : listeners_) {
    ListenerTally& one = all.emplace_back();
    one.listener = listener.name;
    one.connections = sum(listener, &ListenerCounters::connections);
    one.connections_total = sum(listener, &ListenerCounters::connections_total);
    for (const auto& count : listener.refused) one.refused += count.load(std::memory_order_relaxed);
    for (const UserCounters::UserRow* row : rows) {
      if (listener.index >= row->listener.size()) continue;
      const UserCounters::ListenerRow& cell = row->listener[listener.index];
      FailureTally failures;
      for (const Counter& count : cell.auth_failures) failures.authentication += count.load();
      static_assert(std::tuple_size_v<decltype(failures.denials)> == kDenials.size());
      for (std::size_t i = 0; i < kDenials.size(); ++i) failures.denials[i] = cell.denials[i].load();
      one.users.push_back({row->label, failures});
    }
  }
  return all;
}

void Metrics::expose_users(Exposition& out) const {
  const std::vector<const UserCounters::UserRow*> rows = users_.rows();
  out.begin_counter("respgate_authentication_failures_total", "Failed logins, by the name tried and the reason.");
  for (const UserCounters::UserRow* row : rows) {
    for (std::size_t i = 0; i < row->listener.size(); ++i) {
      for (std::size_t reason = 0; reason < kAuthFailures.size(); ++reason) {
        const std::uint64_t count = row->listener[i].auth_failures[reason].load();
        if (count == 0 && !row->expects(kAuthFailures[reason])) continue;
        out.add({{"listener", listeners_[i].name}, {"user", row->label}, {"reason", acl::auth_outcome_name(kAuthFailures[reason])}}, count);
      }
    }
  }
  for (std::size_t reason = 0; reason < kDenials.size(); ++reason) {
    out.begin_counter(kDenialFamilies[reason].name, kDenialFamilies[reason].help);
    for (const UserCounters::UserRow* row : rows) {
      for (std::size_t i = 0; i < row->listener.size(); ++i) {
        const std::uint64_t count = row->listener[i].denials[reason].load();
        if (count == 0 && !row->expects_denials()) continue;
        out.add({{"listener", listeners_[i].name}, {"user", row->label}}, count);
      }
    }
  }
}

void Metrics::expose_denied_commands(Exposition& out) const {
  out.begin_counter("respgate_denied_commands_total", "Commands denied, by command and reason.");
  for (std::size_t id = 0; id < denied_commands_.size(); ++id) {
    const bool is_unknown = id + 1 == denied_commands_.size();
    const std::string_view name = is_unknown ? kUnknownLabel : protocol::all_commands()[id].name;
    for (std::size_t reason = 0; reason < kDenials.size(); ++reason) {
      const std::uint64_t count = denied_commands_[id][reason].load(std::memory_order_relaxed);
      if (count > 0 || is_unknown) out.add({{"command", name}, {"reason", acl::reason_name(kDenials[reason])}}, count);
    }
  }
}

void Metrics::expose_command_counts(Exposition& out) const {
  out.begin_counter("respgate_command_rule_hits_total", "Commands that a command rule denied, rewrote or observed.");
  for (const auto& hit : users_.rule_hits()) {
    out.add({{"user", hit.user}, {"command", hit.command}, {"action", acl::rule_action_name(hit.label)}}, hit.count);
  }
  out.begin_counter("respgate_observed_denials_total", "Commands that were allowed only because enforcement is set to observe.");
  for (const auto& denial : users_.observed_denials()) {
    out.add({{"user", denial.user}, {"command", denial.command}, {"reason", acl::reason_name(denial.label)}}, denial.count);
  }
}

void Metrics::expose_listeners(Exposition& out) const {
  out.begin_counter("respgate_connections_refused_total", "Client connections closed before they were served.");
  for (const ListenerMetrics& listener : listeners_) {
    for (std::size_t reason = 0; reason < kRefusedConnections; ++reason) {
      out.add({{"listener", listener.name}, {"reason", kRefusedNames[reason]}}, listener.refused[reason].load(std::memory_order_relaxed));
    }
  }
  out.begin_gauge("respgate_connections", "Client connections open now.");
  for (const ListenerMetrics& listener : listeners_) out.add({{"listener", listener.name}}, sum(listener, &ListenerCounters::connections));
  out.begin_counter("respgate_connections_total", "Client connections accepted.");
  for (const ListenerMetrics& listener : listeners_)
    out.add({{"listener", listener.name}}, sum(listener, &ListenerCounters::connections_total));
  out.begin_counter("respgate_commands_total", "Commands forwarded, answered by the proxy itself, and denied.");
  for (const ListenerMetrics& listener : listeners_) {
    out.add({{"listener", listener.name}, {"result", "forwarded"}}, sum(listener, &ListenerCounters::commands_forwarded));
    out.add({{"listener", listener.name}, {"result", "local"}}, sum(listener, &ListenerCounters::commands_local));
    out.add({{"listener", listener.name}, {"result", "denied"}}, sum(listener, &ListenerCounters::commands_denied));
  }
}

void Metrics::expose_durations(Exposition& out) const {
  out.begin_histogram("respgate_command_duration_seconds", "From a command's last byte to its reply, of one in 16 commands.");
  static_assert(ListenerCounters::kDurationSample == 16, "the help text says so");
  for (const ListenerMetrics& listener : listeners_) {
    std::array<std::uint64_t, kBuckets> buckets{};
    for (const ListenerCounters& counters : listener.of_worker) {
      for (std::size_t b = 0; b < kBuckets; ++b) buckets[b] += counters.duration_buckets[b].load();
    }
    const double seconds = static_cast<double>(sum(listener, &ListenerCounters::duration_sum_ns)) * 1e-9;
    out.add_histogram({{"listener", listener.name}}, ListenerCounters::kDurationBounds, buckets, seconds);
  }
}

void Metrics::expose_upstream(Exposition& out) const {
  const Exposition::Labels node{{"node", node_}};
  out.begin_gauge("respgate_upstream_lanes", "Connections to the node that are logged in now.");
  out.add(node, sum(&UpstreamCounters::lanes));
  out.begin_gauge("respgate_upstream_lanes_on_older_password", "Of them, logged in with the second line of the password file.");
  out.add(node, sum(&UpstreamCounters::lanes_on_older_password));
  out.begin_gauge("respgate_upstream_in_flight", "Requests sent to the node and not answered yet.");
  out.add(node, sum(&UpstreamCounters::in_flight));
  out.begin_counter("respgate_upstream_reconnects_total", "Times a connection to the node was dialled again.");
  out.add(node, sum(&UpstreamCounters::reconnects_total));
  out.begin_counter("respgate_upstream_errors_total", "Connections to the node that failed, and logins it refused.");
  out.add(node, sum(&UpstreamCounters::errors_total));
  out.begin_counter("respgate_lane_desyncs_total",
                    "Connections closed because the node sent a reply that nobody asked for or that cannot be.");
  out.add(node, sum(&UpstreamCounters::desyncs_total));
  out.begin_counter("respgate_pushes_dropped_total", "Push messages on shared connections, which have no owner.");
  out.add(node, sum(&UpstreamCounters::pushes_dropped_total));
}

void Metrics::know_certificates(std::map<std::string, std::int64_t> not_after) {
  const std::lock_guard lock(certificates_mutex_);
  certificates_ = std::move(not_after);
}

void Metrics::expose_certificates(Exposition& out) const {
  const std::lock_guard lock(certificates_mutex_);
  out.begin_gauge("respgate_certificate_not_after_seconds", "When the first certificate of the listener expires.");
  for (const auto& [listener, seconds] : certificates_) out.add({{"listener", listener}}, static_cast<std::uint64_t>(seconds));
}

void Metrics::know_audit(bool takes_lines, std::optional<std::uint64_t> position) {
  audit_takes_lines_ = takes_lines;
  audit_position_ = position;
}

void Metrics::expose_audit(Exposition& out) const {
  out.begin_counter("respgate_audit_dropped_total", "Audit events lost: the queue was full or the file took no more.");
  out.add({}, audit_dropped_.load(std::memory_order_relaxed));
  out.begin_counter("respgate_audit_refused_total", "Commands and logins refused because the audit log could not take them.");
  for (const ListenerMetrics& listener : listeners_)
    out.add({{"listener", listener.name}}, sum(listener, &ListenerCounters::audit_refused));
  out.begin_gauge("respgate_audit_available", "Did the audit file take the last lines that it was given?");
  out.add({}, audit_takes_lines_ ? 1 : 0);
  if (!audit_position_) return;
  out.begin_gauge("respgate_audit_chain_position", "The seq of the last line in the audit file.");
  out.add({}, *audit_position_);
}

void Metrics::expose_process(Exposition& out) const {
  out.begin_gauge("respgate_reload_success", "Did the last reload succeed? 1 until one fails.");
  out.add({}, is_last_reload_good_.load(std::memory_order_relaxed) ? 1 : 0);
  out.begin_gauge("respgate_reload_timestamp_seconds", "When the configuration in force was loaded.");
  out.add({}, static_cast<std::uint64_t>(last_good_load_.load(std::memory_order_relaxed)));
  out.begin_counter("respgate_reloads_total", "Reloads, by result.");
  out.add({{"result", "success"}}, reloads_good_.load(std::memory_order_relaxed));
  out.add({{"result", "failure"}}, reloads_failed_.load(std::memory_order_relaxed));
  out.begin_counter("respgate_iam_token_refreshes_total", "AWS credentials that IAM tokens are signed with: times they were obtained.");
  out.add({}, iam_refreshes_.load(std::memory_order_relaxed));
  out.begin_counter("respgate_iam_token_failures_total", "Times they could not be obtained.");
  out.add({}, iam_failures_.load(std::memory_order_relaxed));
  out.begin_counter("respgate_admin_requests_refused_total", "Requests to the admin port that were refused.");
  for (std::size_t why = 0; why < kRefusedRequests; ++why)
    out.add({{"reason", kRefusedRequestNames[why]}}, admin_refused_[why].load(std::memory_order_relaxed));
  out.begin_gauge("respgate_build_info", "The version that runs; always 1.");
  out.add({{"version", RESPGATE_VERSION}}, 1);
}

}  // namespace respgate::proxy
