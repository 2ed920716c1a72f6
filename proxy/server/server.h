// The whole proxy: opens the listeners, starts the workers, reloads its snapshot,
// drains and stops.  Runs on the control thread, with the signals and the admin port.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/admin/admin_server.h"
#include "proxy/audit/audit_log.h"
#include "proxy/aws/keeper.h"
#include "proxy/config/config.h"
#include "proxy/files/file_watch.h"
#include "proxy/metrics/metrics.h"
#include "proxy/reception/listener_share.h"
#include "proxy/server/emf_writer.h"
#include "proxy/server/service_manager.h"
#include "proxy/server/takeover.h"
#include "proxy/server/worker.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::proxy {

class Server {
 public:
  // Opens everything; throws std::system_error with words for the operator when it cannot.
  // `inherited`: sockets of the process before this one.
  explicit Server(SnapshotPtr snapshot, Inheritance inherited = {});
  ~Server();

  // Serves until a signal or stop(); returns the exit code of the process.
  int run();

  // Any thread: as SIGTERM does.
  void stop();

  // The port each TCP listener got at the start; 0 of a unix socket.
  const std::vector<std::uint16_t>& ports() const { return ports_; }

 private:
  using ReloadDone = std::function<void(const std::string& why_not)>;
  // Where the doors of one listener are to come from.
  struct DoorSource {
    std::optional<std::size_t> open_door;  // of each worker
    std::vector<ListeningSocket> sockets;  // otherwise: one for each worker
  };
  // Loaded and opened, not in force.
  struct Change {
    SnapshotPtr snapshot;
    std::vector<DoorSource> doors;
  };
  using Prepared = boost::system::result<Change, ConfigErrors>;

  const Config& config() const { return snapshot_->config; }
  AdminBackend admin_backend();
  ListenerShare& share_of(const std::string& listener);
  std::vector<std::vector<DoorPlan>> plans_of(const Config& config, std::vector<DoorSource> doors);
  void wait_for_signal();
  void on_signal(int signal);
  // Of the snapshot in force; called again for each.
  void keep_aws_credentials();
  void on_aws_news(const AwsKeeper::News& news);
  void tell_of_snapshot();
  void drain();
  void await_drained();
  void finish();
  Readiness readiness() const;
  std::string summary() const;
  std::string posture() const;
  const char* enforcement() const;  // "enforce" or "observe"
  void collect_users(std::function<void(std::string)> done);
  void collect_clients(std::function<void(std::string)> done);
  void kill(std::string user, std::uint64_t id, std::function<void(std::size_t)> done);
  void audit(AuditEvent::Kind kind, std::string verdict, std::string detail);

  // server_takeover.cc
  void offer_takeover(bool replaces);
  void collect_sockets(std::function<void(std::vector<SocketGroup>)> done);
  void on_taken_over();
  void leave_audit();

  // server_reload.cc.  `done` is called when the new snapshot is in force in every worker, or with why the old one stays.
  void reload(ReloadDone done);
  void reload_changed_files();
  void queue_reload(ReloadDone done);
  void begin_reload();
  Prepared prepare_change();
  void check_admin(const Snapshot& wanted, std::vector<ConfigError>& errors) const;
  void check_audit_key(const Snapshot& wanted, std::vector<ConfigError>& errors) const;
  static std::vector<DoorSource> open_doors(const Config& running, const Config& wanted, std::vector<ConfigError>& errors);
  void put_in_force(Change change);
  void end_reload(const std::string& problem);
  std::string status() const;

  boost::asio::io_context io_;
  SnapshotPtr snapshot_;  // in force
  Metrics metrics_;
  AuditLog audit_;
  std::deque<ListenerShare> shares_;  // one for each name there ever was; workers point into it
  std::vector<std::uint16_t> ports_;  // of the listeners at the start
  std::atomic<std::uint64_t> next_client_id_{1};
  LaneDirectory directory_;
  ProcessState state_;
  std::shared_ptr<AwsKeeper> aws_;                // null: nothing takes AWS credentials
  std::string aws_region_;                        // that it looks in; empty: likewise
  const std::function<void()> on_login_refused_;  // called by workers
  Workers workers_;
  std::unique_ptr<AdminServer> admin_;
  Inheritance inherited_;                 // until run()
  std::unique_ptr<TakeoverOffer> offer_;  // null: not configured, or taken
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  FileWatch watch_;
  std::optional<EmfWriter> emf_;             // absent: not configured
  std::vector<ReloadDone> reloads_asked_;    // while one is under way
  std::vector<ReloadDone> reloads_started_;  // who waits for the one under way; empty: there is none
  bool is_reload_asked_ = false;             // by somebody, not only by a change of the files
  std::string last_problem_;                 // of the last reload
  const ServiceManager manager_ = ServiceManager::of_environment();
  bool is_told_to_end_ = false;  // by a signal
  bool draining_ = false;
  bool finished_ = false;
  std::int64_t drain_deadline_ms_ = 0;
};

}  // namespace respgate::proxy
