// The whole proxy: opens the listeners, starts the workers, reloads its snapshot,
// drains and stops.  Runs on the control thread, with the signals and the admin port.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/admin.h"
#include "proxy/audit.h"
#include "proxy/config.h"
#include "proxy/metrics.h"
#include "proxy/snapshot.h"
#include "proxy/watched_file.h"
#include "proxy/worker.h"

namespace respgate::proxy {

class Server {
 public:
  // Opens everything; throws std::system_error with words for the operator when it cannot.
  explicit Server(SnapshotPtr snapshot);
  ~Server();

  // Serves until a signal or stop(); returns the exit code of the process.
  int run();

  // Any thread: as SIGTERM does.
  void stop();

  // The port each TCP listener got; 0 of a unix socket.
  const std::vector<std::uint16_t>& ports() const { return ports_; }

 private:
  AdminBackend admin_backend();
  void wait_for_signal();
  void on_signal(int signal);
  // Empty when the new policy is in force; else why the old one stays.
  std::string reload();
  std::string load_and_swap();
  boost::system::result<Config, std::string> reloaded_config() const;
  void watch_password();
  const Config& config() const { return snapshot_->config; }
  void tell_of_snapshot();
  void drain();
  void await_drained();
  void finish();
  Readiness readiness() const;
  void collect_users(std::function<void(std::string)> done);
  void collect_clients(std::function<void(std::string)> done);
  void kill(std::string user, std::uint64_t id, std::function<void(std::size_t)> done);
  void audit(AuditEvent::Kind kind, std::string verdict, std::string detail);

  boost::asio::io_context io_;
  SnapshotPtr snapshot_;  // in force
  Metrics metrics_;
  AuditLog audit_;
  std::vector<ListenerShare> shares_;
  std::vector<std::uint16_t> ports_;
  std::atomic<std::uint64_t> next_client_id_{1};
  LaneDirectory directory_;
  Workers workers_;
  std::unique_ptr<AdminServer> admin_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer watch_timer_;
  WatchedFile password_file_;
  bool draining_ = false;
  bool finished_ = false;
  std::int64_t drain_deadline_ms_ = 0;
};

}  // namespace respgate::proxy
