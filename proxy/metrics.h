// The counters of respgate, and their Prometheus text.
//
// Two kinds.  What happens per command is counted by each worker in its own
// WorkerCounters (relaxed, single writer) and summed when scraped.  What is rare by
// nature (a denial, a failed login, a refused connection) goes through one mutex,
// keyed by labels that come from closed sets only: configured users, known commands,
// configured listeners.  A name a client invented is "(unknown)".
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acl/authenticator.h"
#include "acl/authorizer.h"
#include "acl/policy.h"

namespace respgate::proxy {

inline constexpr std::string_view kUnknownLabel = "(unknown)";

// One cell, one writer, any reader.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed); }
  std::uint64_t load() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What one worker counts for one listener.  Padded: no two workers share a cache line.
struct alignas(64) ListenerCounters {
  Counter connections;        // open now
  Counter connections_total;
  Counter commands_forwarded;
  Counter commands_local;
  Counter commands_denied;
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
  Counter lanes;              // logged in now
  Counter in_flight;
  Counter reconnects_total;
  Counter errors_total;
  Counter desyncs_total;
  Counter pushes_dropped_total;
};

struct WorkerCounters {
  explicit WorkerCounters(std::size_t listeners) : listener(listeners) {}
  std::vector<ListenerCounters> listener;  // by index of configuration
  UpstreamCounters upstream;
};

enum class RefusedConnection : std::uint8_t { kAddress, kMaxConnections, kTlsHandshake, kProxyProtocol };

class Metrics {
 public:
  Metrics(std::vector<std::string> listeners, std::string node, std::size_t workers);

  WorkerCounters& worker(std::size_t index) { return *workers_[index]; }

  // Every series of these users exists from now on, at 0; those of users that are gone stay until restart.
  void know_users(const acl::Policy& policy);

  // `user` is nullptr when the name is nobody's.  Each call bumps exactly one series.
  void count_auth_failure(std::size_t listener, const acl::Principal* user, acl::AuthOutcome reason);
  // Bumps one of command/key/channel/database, and denied_commands_total{command,reason}.
  // `command` empty: unknown command.
  void count_denial(std::size_t listener, const acl::Principal* user, std::string_view command, acl::Decision::Reason reason);
  void count_rule_hit(const acl::Principal& user, std::string_view command, acl::RuleAction action);
  void count_observed_denial(const acl::Principal& user, std::string_view command, acl::Decision::Reason reason);
  void count_refused_connection(std::size_t listener, RefusedConnection reason);
  void count_reload(bool success, std::int64_t unix_seconds);
  void count_audit_dropped(std::uint64_t n);

  // Prometheus text format 0.0.4.
  std::string expose() const;

 private:
  std::vector<std::unique_ptr<WorkerCounters>> workers_;
};

}  // namespace respgate::proxy
