// Lanes that one session at a time has for itself: for what would hold up others
// (blocking commands), would change the connection (MULTI, WATCH, SUBSCRIBE, CLIENT
// TRACKING), or could put it out of step (scripts).
//
//   lease() ─► submit()… ─► give_back()   kept for the next, with an ECHO of a nonce between the two of them
//                       └─► discard()     closed: it may hold state, or answers are owed on it
//
// A lane that was given back and is out of step fails its ECHO before a reply can reach the next session.  Both the
// lanes that are out and those kept idle are bounded; idle ones are closed after a time.
// Lives on its worker's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "proxy/common/memory_budget.h"
#include "proxy/common/request.h"
#include "proxy/lane/lane.h"
#include "proxy/lane/lane_end_log.h"
#include "proxy/metrics/metrics.h"

namespace respgate::proxy {

class PinnedLanes final : private Lane::Owner {
 public:
  class Listener {
   public:
    // A lane ended under its session.  Everything in flight on it was answered with an error before.
    virtual void on_lease_lost(SessionId session, std::uint64_t lane) = 0;
    // A session's lane answered READONLY: the primary is elsewhere.
    virtual void on_readonly(SessionId session, std::uint64_t lane) = 0;
    // It takes more of a request that is unfinished.
    virtual void on_lease_fed(SessionId session) = 0;
    // The node will soon end the session's lane: not to be kept longer than is needed.
    virtual void on_lease_aged(SessionId session, std::uint64_t lane) = 0;
    // Would the server take an AUTH behind what was submitted (no MULTI, no RESP2 subscriptions, nothing that blocks)?
    virtual bool may_log_in(SessionId session, std::uint64_t lane) = 0;
    // The node does not believe the tokens that are made at present.
    virtual void on_login_refused() = 0;

   protected:
    ~Listener() = default;
  };

  struct Limits {
    std::size_t leases = 4096;  // at a time
    Milliseconds idle{60000};   // how long a lane is kept for the next
  };

  PinnedLanes(boost::asio::io_context& io, LaneSettingsPtr settings, Limits limits, std::span<char> scratch, RequestPool& pool,
              MemoryBudget& memory, UpstreamCounters& counters, ReplySink& sink, Listener& listener);
  ~PinnedLanes();

  // Other settings.  kReplace: what is idle is closed, what is leased keeps its settings for good; sessions are told by
  // others to give it back.  `forgets_failures`: whatever kept it from connecting may be over.
  void adopt(LaneSettingsPtr settings, Limits limits, ExistingLanes lanes, bool forgets_failures, std::int64_t now_ms);

  bool has_room() const { return leases_.size() < limits_.leases; }
  // An idle lane, or a new one that is being dialled.  0: the node cannot be reached at present.
  std::uint64_t lease(SessionId session, const LaneKey& key, std::int64_t now_ms);
  // Answers through the sink, possibly before it returns.  REQUIRES: leased.
  void submit(std::uint64_t id, RequestPtr&& request, std::int64_t now_ms);
  // More of the request submitted last, which is unfinished.
  void feed(std::uint64_t id, std::string_view bytes, bool is_last, std::int64_t now_ms);
  // Enough for now: Listener::on_lease_fed says when it takes more.
  bool is_fed_up(std::uint64_t id) const;
  // An ECHO between what was submitted and what will be; see Lane::probe.
  void probe(std::uint64_t id, std::int64_t now_ms);
  // REQUIRES: nothing is owed on it, and it holds no state.
  void give_back(std::uint64_t id, std::int64_t now_ms);
  // What is in flight on it goes unanswered.
  void discard(std::uint64_t id);
  // The number of its connection at the node; 0 while it is being dialled.
  std::int64_t server_side_id(std::uint64_t id) const;

  // The session takes more of a reply that comes in parts, or is gone.
  void go_on(std::uint64_t id, std::int64_t now_ms);
  void flush(std::int64_t now_ms);
  void sweep(std::int64_t now_ms);
  // What is idle is closed: credentials or the primary changed.
  void close_idle();
  void stop();

  std::size_t leased() const { return leases_.size(); }
  std::size_t idle() const { return idle_.size(); }

 private:
  struct Lease {
    std::shared_ptr<Lane> lane;
    SessionId session;
    bool is_outdated = false;  // its settings were replaced: it keeps those it has, and its login
  };

  struct Backoff {
    unsigned failures = 0;
    std::int64_t next_dial_ms = 0;
  };

  void on_lane_ready(Lane& lane, std::string_view server_version) override;
  void on_lane_reply(Lane& lane, RequestPtr&& request, const protocol::ReplyFrame& frame) override;
  Appetite on_lane_part(Lane& lane, const Request& request, std::string_view bytes) override;
  void on_lane_fed(Lane& lane) override;
  void on_lane_stalled(Lane&, const Request&) override {}  // it keeps nobody waiting
  void on_lane_confirmation(Lane& lane, const Request& request, const protocol::ReplyFrame& frame) override;
  void on_lane_push(Lane& lane, const protocol::ReplyFrame& frame) override;
  void on_lane_login_refused(Lane& lane) override;
  void on_request_failed(Lane& lane, RequestPtr&& request, const LaneReport& report, bool may_have_run) override;
  void on_lane_ended(Lane& lane, const LaneReport& report) override;
  std::int64_t now_ms() const override { return now_ms_; }

  std::shared_ptr<Lane> take_idle(const LaneKey& key);
  std::shared_ptr<Lane> dial(const LaneKey& key);
  void log_in_again();
  Backoff& backoff_of(const LaneKey& key);
  std::vector<std::shared_ptr<Lane>> all_lanes() const;
  void answer(RequestPtr&& request, std::string_view bytes, Part part = Part::kLast);

  boost::asio::io_context& io_;
  LaneSettingsPtr settings_;
  Limits limits_;
  std::span<char> scratch_;
  RequestPool& pool_;
  MemoryBudget& memory_;
  UpstreamCounters& counters_;
  ReplySink& sink_;
  Listener& listener_;

  std::unordered_map<std::uint64_t, Lease> leases_;  // by lane id
  std::vector<std::shared_ptr<Lane>> idle_;          // last given back, last
  std::vector<std::shared_ptr<Lane>> dirty_;
  std::uint64_t next_id_ = 1;
  std::int64_t now_ms_ = 0;
  std::vector<Backoff> backoffs_;  // by identity: one that is refused does not keep the others waiting
  std::minstd_rand random_;
  LaneEndLog ends_log_;
  bool stopping_ = false;
};

}  // namespace respgate::proxy
