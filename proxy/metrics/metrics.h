// The counters of respgate, and their Prometheus text.
//
// Two kinds.  What happens per command is counted by each worker in its own
// WorkerCounters (relaxed, single writer) and summed when scraped.  What is rare by
// nature (a denial, a failed login, a refused connection) goes through one mutex,
// keyed by labels that come from closed sets only: configured users, known commands,
// configured listeners.  A name a client invented is "(unknown)".
// Which listeners there are is the business of the one thread that also scrapes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acl/authenticator.h"
#include "acl/authorizer.h"
#include "acl/policy.h"
#include "proxy/metrics/counter.h"
#include "proxy/metrics/tally.h"
#include "proxy/metrics/user_counters.h"

namespace respgate::proxy {

class Exposition;

// Above this many series in all, users who are not counted yet become "(other)".
inline constexpr std::size_t kMaxSeries = 20000;

// What one worker counts for one listener.  Padded: no two workers share a cache line.
struct alignas(64) ListenerCounters {
  Counter connections;  // open now
  Counter connections_total;
  Counter commands_forwarded;
  Counter commands_local;
  Counter commands_denied;
  Counter audit_refused;  // commands and logins that the audit log could not take
  // Histogram of seconds from parse to reply queued; one in kDurationSample commands is measured.
  static constexpr std::uint32_t kDurationSample = 16;
  static constexpr double kDurationBounds[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                               0.025,   0.05,   0.1,     0.25,   0.5,   1,      2.5,   5};
  Counter duration_buckets[std::size(kDurationBounds) + 1];
  Counter duration_sum_ns;
  void observe_duration(std::uint64_t nanoseconds);
};

// What one worker counts for the upstream (one node as long as the mode is standalone).
struct alignas(64) UpstreamCounters {
  Counter lanes;  // logged in now
  Counter lanes_on_older_password;
  Counter in_flight;
  Counter reconnects_total;
  Counter errors_total;
  Counter desyncs_total;
  Counter pushes_dropped_total;
};

struct WorkerCounters {
  UpstreamCounters upstream;
};

enum class RefusedConnection : std::uint8_t { kAddress, kMaxConnections, kTlsHandshake, kProxyProtocol };
inline constexpr std::size_t kRefusedConnections = 4;

// Why a request to the admin port was refused: a Host that is not known, no token, a change that is no POST, larger
// than 64 KiB, not HTTP.
enum class RefusedRequest : std::uint8_t { kHost, kToken, kMethod, kTooLarge, kMalformed };
inline constexpr std::size_t kRefusedRequests = 5;

// What is counted of one listener.  Made once for each name, never moved and never removed: one that goes and comes
// back goes on counting.
struct ListenerMetrics {
  ListenerMetrics(std::size_t number, std::string_view called, std::size_t workers) : index(number), name(called), of_worker(workers) {}

  const std::size_t index;  // in the order in which names became known
  const std::string name;
  std::vector<ListenerCounters> of_worker;

  void count_refused(RefusedConnection reason) { refused[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed); }
  std::array<std::atomic<std::uint64_t>, kRefusedConnections> refused{};
};

class Metrics {
 public:
  Metrics(const std::vector<std::string>& listeners, std::string node, std::size_t workers);

  // That of this name; a new one when the name is new.  The thread that calls expose().
  ListenerMetrics& listener(std::string_view name);
  // What the node is called from now on.  The thread that calls expose().
  void rename_node(std::string node) { node_ = std::move(node); }

  WorkerCounters& worker(std::size_t index) { return *workers_[index]; }

  // Every series of these users exists from now on, at 0; those of users that are gone stay until restart.
  void know_users(const acl::Policy& policy) { users_.know(policy); }

  // `listener`: its index.  `user` is nullptr when the name is nobody's.  Each call bumps exactly one series.
  void count_auth_failure(std::size_t listener, const acl::Principal* user, acl::AuthOutcome reason);
  // Bumps one of command/key/channel/database, and denied_commands_total{command,reason}.
  // `command` empty: unknown command.  Of denied_commands_total, only the reasons of "(unknown)"
  // are told from the start: 400 commands × 4 reasons, nearly all of them 0, would drown the rest.
  void count_denial(std::size_t listener, const acl::Principal* user, std::string_view command, acl::Decision::Reason reason);
  void count_rule_hit(const acl::Principal& user, std::string_view command, acl::RuleAction action);
  void count_observed_denial(const acl::Principal& user, std::string_view command, acl::Decision::Reason reason);
  // The policy the process starts with: the time of the last success, but no reload.
  void note_start(std::int64_t unix_seconds);
  void count_reload(bool success, std::int64_t unix_seconds);
  // When the first of a listener's certificates expires, in seconds since 1970; all listeners with TLS, by name.
  void know_certificates(std::map<std::string, std::int64_t> not_after);
  void count_audit_dropped(std::uint64_t n);
  void count_admin_refused(RefusedRequest why);
  // Does the audit file take lines, and which is the last line in it; no position: they are not chained.  The thread
  // that calls expose().
  void know_audit(bool takes_lines, std::optional<std::uint64_t> position);
  // AWS credentials, which tokens are signed with, were renewed or could not be.
  void count_iam_refresh(bool success);

  // Prometheus text format 0.0.4.
  std::string expose() const;

  // The security counters alone.  The thread that calls expose().
  Tally tally() const;
  // Likewise.
  ProcessTally process_tally() const;

 private:
  using SharedCounter = std::atomic<std::uint64_t>;  // many writers: for what is rare
  using DeniedCommand = std::array<SharedCounter, kDenials.size()>;

  void expose_users(Exposition& out) const;
  void expose_denied_commands(Exposition& out) const;
  void expose_command_counts(Exposition& out) const;
  void expose_listeners(Exposition& out) const;
  void expose_durations(Exposition& out) const;
  void expose_upstream(Exposition& out) const;
  void expose_certificates(Exposition& out) const;
  void expose_audit(Exposition& out) const;
  void expose_process(Exposition& out) const;
  std::uint64_t sum(const ListenerMetrics& listener, Counter ListenerCounters::*cell) const;
  std::uint64_t sum(Counter UpstreamCounters::*cell) const;

  std::deque<ListenerMetrics> listeners_;  // by index
  std::string node_;
  std::vector<std::unique_ptr<WorkerCounters>> workers_;
  UserCounters users_;
  std::vector<DeniedCommand> denied_commands_;  // by CommandId; the last is "(unknown)"
  std::atomic<bool> is_last_reload_good_{true};
  std::atomic<std::int64_t> last_good_load_{0};
  SharedCounter reloads_good_{0};
  SharedCounter reloads_failed_{0};
  SharedCounter audit_dropped_{0};
  std::array<SharedCounter, kRefusedRequests> admin_refused_{};
  bool audit_takes_lines_ = true;
  std::optional<std::uint64_t> audit_position_;
  mutable std::mutex certificates_mutex_;
  std::map<std::string, std::int64_t> certificates_;
  SharedCounter iam_refreshes_{0};
  SharedCounter iam_failures_{0};
};

}  // namespace respgate::proxy
