#include "proxy/lane/standalone_router.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "protocol/reply_writer.h"
#include "proxy/common/clock.h"
#include "proxy/common/log_text.h"
#include "proxy/lane/redial_pause.h"
#include "proxy/lane/upstream_errors.h"

namespace respgate::proxy {
namespace {

constexpr std::int64_t kRetirePauseMs = 1000;
constexpr std::int64_t kLongestRetirePauseMs = 30000;

constexpr std::int64_t kRefusalMs = 1000;  // then the server is asked again: it may be another one

constexpr std::string_view kNoSuchDatabase = "ERR DB index is out of range";

}  // namespace

StandaloneRouter::StandaloneRouter(boost::asio::io_context& io, RouterSettings settings, std::span<char> scratch, RequestPool& pool,
                                   MemoryBudget& memory, UpstreamCounters& counters, ReplySink& sink, Listener& listener)
    : io_(io),
      settings_(std::move(settings)),
      scratch_(scratch),
      pool_(pool),
      memory_(memory),
      counters_(counters),
      sink_(sink),
      listener_(listener),
      random_(std::random_device{}()) {}

StandaloneRouter::~StandaloneRouter() { stop(); }

void StandaloneRouter::start(std::int64_t now_ms) {
  now_ms_ = now_ms;
  if (Place* place = place_for(LaneKey{})) dial(*place);
}

StandaloneRouter::Place* StandaloneRouter::find(const LaneKey& key) { return const_cast<Place*>(std::as_const(*this).find(key)); }

const StandaloneRouter::Place* StandaloneRouter::find(const LaneKey& key) const {
  for (const auto& place : places_)
    if (place->key == key) return place.get();
  return nullptr;
}

// nullptr: no more lanes may be opened.
StandaloneRouter::Place* StandaloneRouter::place_for(const LaneKey& key) {
  if (Place* place = find(key)) return place;
  if (places_.size() >= settings_.max_lanes && !evict_one()) return nullptr;
  places_.push_back(std::make_unique<Place>());
  places_.back()->key = key;
  return places_.back().get();
}

bool StandaloneRouter::evict_one() {
  const auto idle = [](const auto& place) { return place->key != LaneKey{} && (!place->lane || place->lane->load() == 0); };
  const auto found = std::find_if(places_.begin(), places_.end(), idle);
  if (found == places_.end()) return false;
  const std::shared_ptr<Lane> lane = std::move((*found)->lane);
  places_.erase(found);
  ++places_removed_;
  if (lane) lane->end(LaneEnd::kFinished, "room for another lane");
  return true;
}

void StandaloneRouter::dial(Place& place) {
  if (place.ever_ready || place.failures > 0) counters_.reconnects_total.add();
  Lane::Owner& owner = *this;  // a base that only this class may see
  place.lane = std::make_shared<Lane>(io_, settings_.lane, place.key, Lane::Use::kShared, next_lane_id_++, scratch_, pool_, memory_, owner);
  place.lane->start(now_ms_);
}

StandaloneRouter::Room StandaloneRouter::room_for(const LaneKey& key, std::uint64_t last_lane, Way* way) {
  Place* place = find(key);
  const Lane* lane = place != nullptr ? place->lane.get() : nullptr;
  if (last_lane != 0 && (lane == nullptr || lane->id() != last_lane)) return Room::kMoved;
  if (lane == nullptr) return Room::kYes;
  const std::size_t load = lane->load();
  if (load >= settings_.lane_window) return Room::kFull;
  if (way != nullptr) *way = {settings_.lane_window - load, place, places_removed_};
  return Room::kYes;
}

std::uint64_t StandaloneRouter::submit(const LaneKey& key, RequestPtr&& request, std::uint64_t last_lane, std::int64_t now_ms) {
  begin(*request, now_ms);
  if (request->wire.empty() && is_refused(key.database, now_ms)) return answer(std::move(request), refused_.answer), 0;
  Place* place = place_for(key);
  if (place == nullptr) return answer(std::move(request), kUpstreamBusy), 0;
  return submit_at(*place, std::move(request), last_lane);
}

std::uint64_t StandaloneRouter::submit(const Way& way, RequestPtr&& request, std::uint64_t last_lane, std::int64_t now_ms) {
  begin(*request, now_ms);
  if (way.as_of != places_removed_) return answer(std::move(request), kUpstreamBusy), 0;
  return submit_at(*way.place, std::move(request), last_lane);
}

void StandaloneRouter::begin(Request& request, std::int64_t now_ms) {
  now_ms_ = now_ms;
  request.accounted_bytes = request.wire.size();  // the lane may add a guard: what is held must be what is released
  memory_.hold(request.accounted_bytes);
  counters_.in_flight.add();
}

std::uint64_t StandaloneRouter::submit_at(Place& place, RequestPtr&& request, std::uint64_t last_lane) {
  if (place.lane && place.lane->is_held_up() && place.lane->id() != last_lane) step_around(place);
  if (!place.lane) {
    if (stopping_ || now_ms_ < place.next_dial_ms) return answer(std::move(request), unsent_text(place.last_end)), 0;
    dial(place);
  }
  // Who asks for the lane itself adds nothing to it, and waits for room with the command that comes next.
  if (!request->wire.empty() && place.lane->load() >= settings_.lane_window) return answer(std::move(request), kUpstreamBusy), 0;
  if (!place.dirty) {
    place.dirty = true;
    dirty_.push_back(place.lane);  // which keeps it alive, whatever it is told below
  }
  Lane& lane = *place.lane;
  lane.submit(std::move(request), now_ms_);
  return lane.id();
}

// Whoever comes now shall not wait for a slow reader.  When there are so many that lanes run out, the slowest goes; if
// others wait for each of them, so does who comes now, for lane_stall at most for each slow reader in front of him.
void StandaloneRouter::step_around(Place& place) {
  if (places_.size() + retired_.size() >= settings_.max_lanes) {
    std::shared_ptr<Lane> slowest;
    for (const auto& lane : retired_)
      if (lane->waits_for_one() && (!slowest || lane->paused_at_ms() < slowest->paused_at_ms())) slowest = lane;
    if (!slowest) return;
    sink_.give_up(slowest->held_up_by());
    slowest->end(LaneEnd::kFinished, "nobody reads what it still has to say");
  }
  if (place.lane) retire(place);
}

void StandaloneRouter::answer(RequestPtr&& request, std::string_view bytes, Part part) {
  memory_.release(request->accounted_bytes);
  counters_.in_flight.subtract();
  sink_.deliver(*request, bytes, part);
}

Appetite StandaloneRouter::on_lane_part(Lane&, const Request& request, std::string_view bytes) {
  sink_.deliver(request, bytes, Part::kMore);
  return sink_.appetite(request.ticket.session);
}

void StandaloneRouter::on_lane_stalled(Lane&, const Request& request) { sink_.give_up(request.ticket.session); }

void StandaloneRouter::go_on(std::uint64_t lane, std::int64_t now_ms) {
  const auto is_it = [&](const std::shared_ptr<Lane>& other) { return other && other->id() == lane; };
  for (const auto& place : places_)
    if (is_it(place->lane)) return std::shared_ptr(place->lane)->go_on(now_ms);
  const auto found = std::ranges::find_if(retired_, is_it);
  if (found != retired_.end()) std::shared_ptr(*found)->go_on(now_ms);
}

void StandaloneRouter::flush(std::int64_t now_ms) {
  if (dirty_.empty()) return;
  std::vector<std::shared_ptr<Lane>> lanes;
  lanes.swap(dirty_);
  for (const auto& place : places_) place->dirty = false;
  for (const auto& lane : lanes) lane->flush(now_ms);
  if (dirty_.empty()) {
    lanes.clear();
    dirty_.swap(lanes);  // keeps its memory
  }
}

void StandaloneRouter::on_lane_ready(Lane& lane, std::string_view server_version) {
  counters_.lanes.add();
  if (lane.used_older_password()) counters_.lanes_on_older_password.add();
  trouble_.clear();
  if (Place* place = find(lane.key()); place != nullptr && place->lane.get() == &lane) {
    place->failures = 0;
    place->ever_ready = true;
  }
  if (!server_version.empty()) listener_.on_server_version(server_version);
}

void StandaloneRouter::on_lane_reply(Lane& lane, RequestPtr&& request, const protocol::ReplyFrame& frame) {
  if (frame.type == protocol::RespType::kError && protocol::error_code(frame) == "READONLY" && lane.state() == Lane::State::kReady)
    retire_all();
  answer(std::move(request), frame.wire);
  if (!waiting_for_room_.empty() && lane.load() <= settings_.lane_window / 2) wake_waiting();
}

void StandaloneRouter::on_lane_push(Lane&, const protocol::ReplyFrame&) { counters_.pushes_dropped_total.add(); }

// Greeting, it waits for others; ready, it finishes what it has and another is dialled for what comes.
void StandaloneRouter::on_lane_login_refused(Lane& lane) {
  listener_.on_login_refused();
  Place* place = find(lane.key());
  if (place == nullptr || place->lane.get() != &lane || lane.state() != Lane::State::kReady) return;
  spdlog::warn("upstream refused a later login node={} action=\"replacing the lane\"", settings_.lane->address.text);
  retire(*place);
}

void StandaloneRouter::on_request_failed(Lane&, RequestPtr&& request, const LaneReport& report, bool may_have_run) {
  if (request->wire.empty() && report.why == LaneEnd::kRefusedDatabase) {
    std::string text;
    protocol::append_error(text, report.text);
    return answer(std::move(request), text);
  }
  const Part part = request->begun ? Part::kBroken : Part::kLast;
  answer(std::move(request), may_have_run ? kUpstreamLost : unsent_text(report.why), part);
}

void StandaloneRouter::on_lane_ended(Lane& lane, const LaneReport& report) {
  const bool was_ready = lane.was_ready();
  if (was_ready) counters_.lanes.subtract();
  if (was_ready && lane.used_older_password()) counters_.lanes_on_older_password.subtract();
  std::erase_if(retired_, [&](const auto& other) { return other.get() == &lane; });
  if (report.why == LaneEnd::kDesync) counters_.desyncs_total.add();
  Place* place = find(lane.key());
  if (place != nullptr && place->lane.get() == &lane) {
    place->lane.reset();
    place->dirty = false;
    place->last_end = report.why;
    if (report.why != LaneEnd::kFinished) {
      const unsigned before = place->failures++;
      place->next_dial_ms = was_ready && before == 0 ? now_ms_ : now_ms_ + redial_pause_ms(before, random_());
    }
    if (report.why == LaneEnd::kRefusedDatabase) remember_refusal(lane.key(), report.text);
    if (report.why == LaneEnd::kRefusedDatabase)
      places_removed_ += std::erase_if(places_, [&](const auto& other) { return other.get() == place; });
  }
  if (report.why != LaneEnd::kFinished && report.why != LaneEnd::kRefusedDatabase) {
    counters_.errors_total.add();
    trouble_ = report.why == LaneEnd::kRefusedCredentials ? "the node refused the proxy's credentials" : log_text(report.text);
    ends_log_.write("shared", settings_.lane->address.text, lane.key(), report, now_ms_);
  }
  wake_waiting();
}

void StandaloneRouter::remember_refusal(const LaneKey& key, const std::string& text) {
  if (text != kNoSuchDatabase) return;
  const bool is_known = now_ms_ < refused_.until_ms && refused_.from <= key.database;
  if (is_known) return;
  refused_ = {key.database, now_ms_ + kRefusalMs, {}};
  protocol::append_error(refused_.answer, text);
}

bool StandaloneRouter::is_refused(std::int64_t database, std::int64_t now_ms) const {
  return now_ms < refused_.until_ms && database >= refused_.from;
}

// The node is no longer the primary.  Every lane finishes what it has and takes nothing new; the next request
// resolves the name again.  At most once a second, and more rarely when it keeps happening.
void StandaloneRouter::retire_all() {
  if (now_ms_ < next_retire_ms_) return;
  const bool again = now_ms_ < next_retire_ms_ + kLongestRetirePauseMs && retire_pause_ms_ > 0;
  retire_pause_ms_ = again ? std::min(retire_pause_ms_ * 2, kLongestRetirePauseMs) : kRetirePauseMs;
  next_retire_ms_ = now_ms_ + retire_pause_ms_;
  spdlog::warn("upstream answered READONLY node={} action=\"redialling, in case the primary moved\"", settings_.lane->address.text);
  for (const auto& place : places_)
    if (place->lane && place->lane->state() == Lane::State::kReady) retire(*place);
  listener_.on_primary_moved();
}

// One that is not ready yet has requests waiting in it: it is retired by sweep(), once they are sent.
void StandaloneRouter::retire(Place& place) {
  const std::shared_ptr<Lane> lane = std::move(place.lane);
  place.lane.reset();
  place.dirty = false;
  retired_.push_back(lane);
  if (lane->state() == Lane::State::kReady || lane->load() == 0) lane->retire();
}

void StandaloneRouter::adopt(RouterSettings settings, ExistingLanes lanes, bool forgets_failures, std::int64_t now_ms) {
  now_ms_ = now_ms;
  settings_ = std::move(settings);
  refused_ = {};
  for (const auto& place : places_) {
    if (lanes == ExistingLanes::kReplace && place->lane) retire(*place);
    const std::shared_ptr<Lane> kept = place->lane;
    if (kept) kept->adopt(settings_.lane, now_ms);
    if (!forgets_failures) continue;
    place->failures = 0;
    place->next_dial_ms = now_ms;
  }
  if (Place* kept = find(LaneKey{}); kept != nullptr && !kept->lane && !stopping_ && now_ms >= kept->next_dial_ms) dial(*kept);
  wake_waiting();
}

void StandaloneRouter::wake_waiting() {
  std::deque<SessionId> waiting;
  waiting.swap(waiting_for_room_);
  for (const SessionId session : waiting) listener_.on_room(session);
}

void StandaloneRouter::sweep(std::int64_t now_ms) {
  now_ms_ = now_ms;
  std::vector<std::shared_ptr<Lane>> lanes(retired_);
  for (const auto& place : places_)
    if (place->lane) lanes.push_back(place->lane);
  for (const auto& lane : lanes) lane->sweep(now_ms);
  for (const auto& lane : std::vector<std::shared_ptr<Lane>>(retired_))
    if (lane->state() == Lane::State::kReady) lane->retire();
  close_idle();
  if (Place* kept = find(LaneKey{}); kept != nullptr && !kept->lane && !stopping_ && now_ms >= kept->next_dial_ms) dial(*kept);
}

void StandaloneRouter::close_idle() {
  std::vector<std::shared_ptr<Lane>> idle;
  places_removed_ += std::erase_if(places_, [&](const auto& place) {
    if (place->key == LaneKey{}) return false;
    if (!place->lane) return now_ms_ >= place->next_dial_ms + settings_.lane_idle.count();
    const bool unused = place->lane->load() == 0 && now_ms_ - place->lane->last_used_ms() >= settings_.lane_idle.count();
    if (unused) idle.push_back(place->lane);
    return unused;
  });
  for (const auto& lane : idle) lane->end(LaneEnd::kFinished, "idle");
}

void StandaloneRouter::stop() {
  stopping_ = true;
  std::vector<std::shared_ptr<Lane>> lanes(retired_);
  for (const auto& place : places_)
    if (place->lane) lanes.push_back(place->lane);
  for (const auto& lane : lanes) lane->end(LaneEnd::kFinished, "shutting down");
}

std::string StandaloneRouter::trouble() const {
  const std::string missing = settings_.lane->logins.front()->missing(unix_s());
  return missing.empty() ? trouble_ : log_text(missing);
}

bool StandaloneRouter::is_ready() const {
  const Place* kept = find(LaneKey{});
  if (kept == nullptr || !kept->lane) return false;
  // While a lane that works is being replaced, the node is there.
  return kept->lane->state() == Lane::State::kReady || (kept->failures == 0 && !retired_.empty());
}

}  // namespace respgate::proxy
