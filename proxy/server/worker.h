// One thread and all it owns: an io_context, its own listening sockets, its sessions
// and its lanes.  Workers share nothing but immutable snapshots.
//
// All cross-thread traffic is here:
//   in   post(f)            anything for this worker, run on its thread
//   in   snapshot, sockets  replaced by adopt(), on its thread
//   in   AWS credentials    replaced by use_aws(), on its thread
//   out  WorkerCounters     relaxed, single writer, read when scraped
//   out  AuditLog, Metrics  thread-safe by themselves
//   out  readiness()        behind a mutex, ten times a second
//   both ListenerShare      how many clients a listener has in all workers
//   both LaneDirectory      which connection of the node a client has for itself
//   both ProcessState       refusals and failed logins of all, behind mutexes
//   both ask()              what CLIENT LIST, KILL and UNBLOCK want of all workers
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/admin/readiness.h"
#include "proxy/config/config.h"
#include "proxy/gate/close_reason.h"
#include "proxy/lane/lane_directory.h"
#include "proxy/lane/pinned_lanes.h"
#include "proxy/lane/standalone_router.h"
#include "proxy/reception/listener_share.h"
#include "proxy/reception/listening_socket.h"
#include "proxy/reception/reception.h"
#include "proxy/session/client_inquiry.h"
#include "proxy/session/decision_log.h"
#include "proxy/session/process_state.h"
#include "proxy/session/session_services.h"
#include "proxy/session/session_table.h"
#include "proxy/session/turn_queue.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::proxy {

// Where a worker is to accept the clients of a listener: at a door that it has open already, or at a new one.
struct DoorPlan {
  ListenerShare* listener;                // outlives the worker
  std::optional<ListeningSocket> socket;  // of a new door
  std::size_t open_door = 0;              // otherwise: which of its doors
};

class Worker;
using Workers = std::vector<std::unique_ptr<Worker>>;

// What all workers share; outlives them.  `workers` is complete before the first is started, and does not change then.
struct ProcessParts {
  Metrics& metrics;
  AuditLog& audit;
  std::atomic<std::uint64_t>& next_client_id;
  LaneDirectory& directory;
  const Workers& workers;
  ProcessState& state;
  const std::function<void()>& on_login_refused;  // the node does not believe our tokens; any thread
};

class Worker final : private ReplySink, private StandaloneRouter::Listener, private PinnedLanes::Listener, private ClientInquiry {
 public:
  // `plans[i]` is for the snapshot's config.listeners[i].
  Worker(std::size_t index, SnapshotPtr snapshot, std::vector<DoorPlan> plans, const ProcessParts& process);
  ~Worker();

  // Starts the thread.
  void start();
  // Runs `f` on the worker's thread, soon; never once the worker has stopped.  Any thread.
  void post(std::function<void(Worker&)> f);
  // Ends the thread; every client is cut, every request in flight failed.  Not from the worker's own thread.
  void stop();

  // The rest on the worker's own thread only.
  // A whole new snapshot.  `plans` as for the constructor; doors that none of them names are closed, and the sessions
  // that came in there drained.
  void adopt(SnapshotPtr snapshot, std::vector<DoorPlan> plans);
  // Logins that take AWS credentials are made with these from now on.
  void use_aws(AwsSnapshot aws);
  // Copies of the sockets it accepts from, in the order of the listeners.  Throws std::system_error.
  std::vector<ListeningSocket> copy_sockets() const;
  // Accepts no more; whoever has been accepted is served.
  void stop_accepting();
  // Accepts no more; sessions close as soon as nothing is owed to them, at the latest after shutdown.grace.
  void drain();
  std::size_t close_matching(const std::function<bool(const ClientState&)>& predicate, CloseReason why);
  void for_each_client(const std::function<void(const Session&)>& f) const { sessions_.for_each(f); }
  std::size_t index() const { return index_; }
  std::size_t session_count() const { return sessions_.size(); }

  // What this worker's clients have to do with the question; `done` is called here, once, at once or later.
  using FindingsTaker = std::function<void(ClientFindings)>;
  void find_clients(const ClientQuery& query, FindingsTaker done);

  // Any thread: can this worker's clients be served?  At most one sweep old.
  Readiness readiness() const;

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;
  struct Door {  // one listener of this worker
    ListenerShare* listener;
    Acceptor acceptor;
    boost::asio::steady_timer pause;  // of its own: a pause that another listener's cuts short would be its last
    bool lets_in_the_last = false;    // closed, but a client that the system has accepted for it is served
  };

  const Config& config() const { return snapshot_->config; }

  void deliver(const Request& request, std::string_view bytes, Part part) override;
  void on_lease_fed(SessionId id) override;
  Appetite appetite(SessionId id) override;
  void give_up(SessionId id) override;
  void push(SessionId id, std::string_view bytes) override;
  void on_room(SessionId id) override;
  void on_server_version(std::string_view version) override;
  void on_primary_moved() override { pinned_.close_idle(); }
  void on_login_refused() override { report_refused_login_(); }  // on any lane
  void on_lease_lost(SessionId id, std::uint64_t lane) override;
  void on_readonly(SessionId id, std::uint64_t lane) override;
  void on_lease_aged(SessionId id, std::uint64_t lane) override;
  bool may_log_in(SessionId id, std::uint64_t lane) override;
  void ask(std::shared_ptr<const ClientQuery> query, Ticket ticket) override;

  std::shared_ptr<Door> open_door(DoorPlan plan);
  void adopt_doors(std::vector<DoorPlan> plans);
  void accept(const std::shared_ptr<Door>& door);
  static void close(Door& door);
  void on_accepted(const std::shared_ptr<Door>& door, const boost::system::error_code& error, tls::Socket socket);
  bool recognise(tls::Stream& stream, const ListenerConfig& rules, ClientState& client, ListenerCounters& counters);
  // With these words; false.
  static bool turn_away(tls::Stream& stream, std::string_view error);
  void open_session(tls::Stream stream, Guest guest);
  void on_session_closed(Session& session, const Guest& guest, CloseReason why);
  ClientFindings list_clients(const ClientQuery& query) const;
  ClientFindings kill_clients(const ClientQuery& query);
  void unblock_client(const ClientQuery& query, FindingsTaker done);
  void finish_errand(const Request& request, std::string_view reply);
  void end_turn();
  void publish_readiness();
  void adopt_upstream(ExistingLanes lanes, bool forgets_failures);
  void arm_sweep();
  void sweep();
  void return_memory();

  const std::size_t index_;
  SnapshotPtr snapshot_;  // in force
  AwsSnapshot aws_;
  std::int64_t unix_s_ = 0;  // as of the last sweep
  std::atomic<std::uint64_t>& next_client_id_;
  LaneDirectory& directory_;
  const Workers& peers_;  // itself among them
  WorkerCounters& counters_;
  const std::function<void()>& report_refused_login_;
  ProcessState& state_;
  WorkerProcessView process_view_;
  DecisionLog decisions_;
  MemoryBudget memory_;
  std::vector<char> scratch_;

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  RequestPool requests_;
  protocol::TargetFinder finder_;
  ServerFacts server_;
  TurnQueue turn_;
  const SessionServices services_;
  SessionTable sessions_;
  std::vector<std::shared_ptr<Session>> ended_;               // in this turn: whoever called them may not have returned
  std::unordered_map<std::uint64_t, FindingsTaker> errands_;  // that requests of the worker's own are on
  std::uint64_t last_errand_ = 0;
  StandaloneRouter router_;
  PinnedLanes pinned_;
  Reception reception_;
  std::vector<std::shared_ptr<Door>> doors_;  // in the order of the listeners
  boost::asio::steady_timer sweep_timer_;
  unsigned sweeps_ = 0;
  mutable std::mutex readiness_mutex_;
  Readiness readiness_;
  std::thread thread_;
};

// What a worker's parts are told of a snapshot.
RouterSettings router_settings(const Snapshot& snapshot, const AwsSnapshot& aws);
PinnedLanes::Limits pinned_limits(const Config& config);
std::size_t memory_of_worker(const Config& config);

}  // namespace respgate::proxy
