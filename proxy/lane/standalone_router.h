// Takes a request and sees that it is answered exactly once: by the node, or with
// an error when there is no way to know better.  Everything goes to one node, over
// lanes that sessions share.
//
// A session that changes lanes (another database, a lane that was retired) must
// first have all its answers: room_for() says so, the session waits.
// Lives on its worker's thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "proxy/common/memory_budget.h"
#include "proxy/common/request.h"
#include "proxy/gate/gate.h"
#include "proxy/lane/lane.h"
#include "proxy/lane/lane_end_log.h"
#include "proxy/metrics/metrics.h"

namespace respgate::proxy {

struct RouterSettings {
  LaneSettingsPtr lane;
  std::size_t lane_window = 8192;  // requests on a lane before its sessions are paused
  std::size_t max_lanes = 256;
  Milliseconds lane_idle{60000};
};

class StandaloneRouter final : private Lane::Owner {
  struct Place;

 public:
  // Told when a session that waited for room may go on, or a server version becomes known.
  class Listener {
   public:
    virtual void on_room(SessionId session) = 0;
    virtual void on_server_version(std::string_view version) = 0;
    // The node answered READONLY: what is dialled from now on may lead to another.
    virtual void on_primary_moved() = 0;
    // The node does not believe the tokens that are made at present.
    virtual void on_login_refused() = 0;

   protected:
    ~Listener() = default;
  };

  // What a session may do with the lane of its key, right now.
  enum class Room : std::uint8_t {
    kYes,    // submit
    kFull,   // wait_for_room()
    kMoved,  // its earlier requests are on another lane: have their answers first
  };

  // Where the requests of a key go, so that a session which has many at once need not ask for each.  Good until
  // another session, or the end of the turn, has a say.
  struct Way {
    std::size_t left = 0;    // how many more there is room for
    Place* place = nullptr;  // null: none has been asked for, or there is no lane yet
    std::uint64_t as_of = 0;
  };

  StandaloneRouter(boost::asio::io_context& io, RouterSettings settings, std::span<char> scratch, RequestPool& pool, MemoryBudget& memory,
                   UpstreamCounters& counters, ReplySink& sink, Listener& listener);
  ~StandaloneRouter();

  // Dials the lane that is kept at all times (RESP2, database 0), so that readiness is known.
  void start(std::int64_t now_ms);

  // `last_lane` is what submit() returned last for this session, 0 when nothing of it is in flight.  kYes gives a way too.
  Room room_for(const LaneKey& key, std::uint64_t last_lane, Way* way = nullptr);
  // Calls Listener::on_room once.
  void wait_for_room(SessionId session) { waiting_for_room_.push_back(session); }

  // Answers through the sink, possibly before it returns.  Returns the id of the lane, 0 when none took it.
  // A request without bytes asks for the lane itself (SELECT).  `last_lane` as above: a lane that a slow reader holds up
  // is left by all but those who wait on it already, whose requests must run in their order.
  std::uint64_t submit(const LaneKey& key, RequestPtr&& request, std::uint64_t last_lane, std::int64_t now_ms);
  // The same on a way that room_for() has given.  REQUIRES: way.place is set, and the request has bytes.
  std::uint64_t submit(const Way& way, RequestPtr&& request, std::uint64_t last_lane, std::int64_t now_ms);

  // The session whose reply a lane could not get rid of takes more of it, or is gone.
  void go_on(std::uint64_t lane, std::int64_t now_ms);

  // One gathered write for each lane that was given something.
  void flush(std::int64_t now_ms);
  // Deadlines, redials, lanes without use; call about ten times a second.
  void sweep(std::int64_t now_ms);
  // Ends every lane; requests in flight are failed.
  void stop();

  // A lane of another kind was answered READONLY.
  void primary_moved() { retire_all(); }
  const LaneSettingsPtr& lane_settings() const { return settings_.lane; }

  // Other settings.  Lanes that are replaced finish what they have and take nothing new.
  // `forgets_failures`: whatever kept it from connecting may be over.
  void adopt(RouterSettings settings, ExistingLanes lanes, bool forgets_failures, std::int64_t now_ms);

  bool is_ready() const;
  // Why not, in words for /readyz.
  std::string trouble() const;

 private:
  struct Place {  // what is known of a key: its lane now, and how dialling it went
    LaneKey key;
    std::shared_ptr<Lane> lane;
    unsigned failures = 0;
    std::int64_t next_dial_ms = 0;
    bool dirty = false;
    bool ever_ready = false;
    LaneEnd last_end = LaneEnd::kLost;
  };

  void on_lane_ready(Lane& lane, std::string_view server_version) override;
  void on_lane_reply(Lane& lane, RequestPtr&& request, const protocol::ReplyFrame& frame) override;
  Appetite on_lane_part(Lane& lane, const Request& request, std::string_view bytes) override;
  void on_lane_fed(Lane&) override {}  // whole requests only
  void on_lane_stalled(Lane& lane, const Request& request) override;
  void on_lane_confirmation(Lane&, const Request&, const protocol::ReplyFrame&) override {}  // nothing here subscribes
  void on_lane_push(Lane& lane, const protocol::ReplyFrame& frame) override;
  void on_lane_login_refused(Lane& lane) override;
  void on_request_failed(Lane& lane, RequestPtr&& request, const LaneReport& report, bool may_have_run) override;
  void on_lane_ended(Lane& lane, const LaneReport& report) override;
  std::int64_t now_ms() const override { return now_ms_; }

  Place* find(const LaneKey& key);
  const Place* find(const LaneKey& key) const;
  Place* place_for(const LaneKey& key);
  bool evict_one();
  void begin(Request& request, std::int64_t now_ms);
  std::uint64_t submit_at(Place& place, RequestPtr&& request, std::uint64_t last_lane);
  void dial(Place& place);
  void answer(RequestPtr&& request, std::string_view bytes, Part part = Part::kLast);
  void remember_refusal(const LaneKey& key, const std::string& text);
  bool is_refused(std::int64_t database, std::int64_t now_ms) const;
  void step_around(Place& place);
  void retire(Place& place);
  void retire_all();
  void wake_waiting();
  void close_idle();

  boost::asio::io_context& io_;
  RouterSettings settings_;
  std::span<char> scratch_;
  RequestPool& pool_;
  MemoryBudget& memory_;
  UpstreamCounters& counters_;
  ReplySink& sink_;
  Listener& listener_;

  // The server has no database with this number, so none beyond.  Asking for them must not cost a connection each time.
  struct RefusedDatabases {
    std::int64_t from = 0;
    std::int64_t until_ms = 0;
    std::string answer;
  };

  std::vector<std::unique_ptr<Place>> places_;
  std::uint64_t places_removed_ = 0;  // so often; a way from before leads nowhere
  RefusedDatabases refused_;
  std::vector<std::shared_ptr<Lane>> retired_;
  std::vector<std::shared_ptr<Lane>> dirty_;
  std::deque<SessionId> waiting_for_room_;
  std::uint64_t next_lane_id_ = 1;
  std::int64_t now_ms_ = 0;
  std::int64_t next_retire_ms_ = 0;  // READONLY: at most once a second, with backoff
  std::int64_t retire_pause_ms_ = 0;
  std::string trouble_ = "no connection to the node yet";
  LaneEndLog ends_log_;
  std::minstd_rand random_;
  bool stopping_ = false;
};

}  // namespace respgate::proxy
