#include "proxy/lane/pinned_lanes.h"

#include <algorithm>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "protocol/reply_writer.h"
#include "proxy/lane/redial_pause.h"
#include "proxy/lane/upstream_errors.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kKeptIdle = 256;

}  // namespace

PinnedLanes::PinnedLanes(boost::asio::io_context& io, LaneSettingsPtr settings, Limits limits, std::span<char> scratch, RequestPool& pool,
                         MemoryBudget& memory, UpstreamCounters& counters, ReplySink& sink, Listener& listener)
    : io_(io),
      settings_(std::move(settings)),
      limits_(limits),
      scratch_(scratch),
      pool_(pool),
      memory_(memory),
      counters_(counters),
      sink_(sink),
      listener_(listener),
      random_(std::random_device{}()) {}

PinnedLanes::~PinnedLanes() { stop(); }

void PinnedLanes::adopt(LaneSettingsPtr settings, Limits limits, ExistingLanes lanes, bool forgets_failures, std::int64_t now_ms) {
  now_ms_ = now_ms;
  settings_ = std::move(settings);
  limits_ = limits;
  if (forgets_failures) backoffs_.clear();
  if (lanes == ExistingLanes::kReplace) {
    for (auto& [id, lease] : leases_) lease.is_outdated = true;  // a number of an identity means another to the new settings
    return close_idle();
  }
  std::vector<std::shared_ptr<Lane>> current(idle_);
  for (const auto& [id, lease] : leases_)
    if (!lease.is_outdated) current.push_back(lease.lane);
  for (const auto& lane : current) lane->adopt(settings_, now_ms);
}

std::uint64_t PinnedLanes::lease(SessionId session, const LaneKey& key, std::int64_t now_ms) {
  now_ms_ = now_ms;
  std::shared_ptr<Lane> lane = take_idle(key);
  if (!lane) {
    if (stopping_ || now_ms < backoff_of(key).next_dial_ms) return 0;
    lane = dial(key);
  }
  const std::uint64_t id = lane->id();
  leases_.emplace(id, Lease{std::move(lane), session, false});
  return id;
}

std::shared_ptr<Lane> PinnedLanes::take_idle(const LaneKey& key) {
  const auto fits = [&](const auto& lane) { return lane->key() == key; };
  const auto found = std::find_if(idle_.rbegin(), idle_.rend(), fits);
  if (found == idle_.rend()) return nullptr;
  std::shared_ptr<Lane> lane = std::move(*found);
  idle_.erase(std::next(found).base());
  return lane;
}

std::shared_ptr<Lane> PinnedLanes::dial(const LaneKey& key) {
  Lane::Owner& owner = *this;  // a base that only this class may see
  auto lane = std::make_shared<Lane>(io_, settings_, key, Lane::Use::kPinned, next_id_++, scratch_, pool_, memory_, owner);
  lane->start(now_ms_);
  return lane;
}

PinnedLanes::Backoff& PinnedLanes::backoff_of(const LaneKey& key) {
  if (key.identity >= backoffs_.size()) backoffs_.resize(key.identity + 1);
  return backoffs_[key.identity];
}

void PinnedLanes::submit(std::uint64_t id, RequestPtr&& request, std::int64_t now_ms) {
  now_ms_ = now_ms;
  request->accounted_bytes = request->wire.size();
  memory_.hold(request->accounted_bytes);
  counters_.in_flight.add();
  const auto found = leases_.find(id);
  if (found == leases_.end()) return answer(std::move(request), kUpstreamUnavailable);
  const std::shared_ptr<Lane> lane = found->second.lane;
  lane->submit(std::move(request), now_ms);
  if (dirty_.empty() || dirty_.back() != lane) dirty_.push_back(lane);
}

void PinnedLanes::feed(std::uint64_t id, std::string_view bytes, bool is_last, std::int64_t now_ms) {
  now_ms_ = now_ms;
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  found->second.lane->feed(bytes, is_last, now_ms);
  if (dirty_.empty() || dirty_.back() != found->second.lane) dirty_.push_back(found->second.lane);
}

bool PinnedLanes::is_fed_up(std::uint64_t id) const {
  const auto found = leases_.find(id);
  return found != leases_.end() && found->second.lane->is_fed_up();
}

void PinnedLanes::on_lane_fed(Lane& lane) {
  const auto found = leases_.find(lane.id());
  if (found != leases_.end()) listener_.on_lease_fed(found->second.session);
}

void PinnedLanes::probe(std::uint64_t id, std::int64_t now_ms) {
  const auto found = leases_.find(id);
  if (found == leases_.end() || found->second.lane->state() != Lane::State::kReady) return;
  found->second.lane->probe(now_ms);
  dirty_.push_back(found->second.lane);
}

void PinnedLanes::give_back(std::uint64_t id, std::int64_t now_ms) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  const std::shared_ptr<Lane> lane = found->second.lane;
  const bool reusable = lane->state() == Lane::State::kReady && !found->second.is_outdated && idle_.size() < kKeptIdle && !stopping_;
  if (!reusable) return discard(id);
  leases_.erase(found);
  if (settings_->sentinel.mode != SentinelConfig::Mode::kOff) {
    lane->probe(now_ms);
    dirty_.push_back(lane);
  }
  idle_.push_back(lane);
}

void PinnedLanes::discard(std::uint64_t id) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  const std::shared_ptr<Lane> lane = std::move(found->second.lane);
  leases_.erase(found);  // first: nobody is to be told
  lane->end(LaneEnd::kFinished, "its session is done with it");
}

std::int64_t PinnedLanes::server_side_id(std::uint64_t id) const {
  const auto found = leases_.find(id);
  return found == leases_.end() ? 0 : found->second.lane->server_side_id();
}

void PinnedLanes::answer(RequestPtr&& request, std::string_view bytes, Part part) {
  memory_.release(request->accounted_bytes);
  counters_.in_flight.subtract();
  sink_.deliver(*request, bytes, part);
}

Appetite PinnedLanes::on_lane_part(Lane&, const Request& request, std::string_view bytes) {
  sink_.deliver(request, bytes, Part::kMore);
  return sink_.appetite(request.ticket.session);
}

void PinnedLanes::go_on(std::uint64_t id, std::int64_t now_ms) {
  const auto found = leases_.find(id);
  if (found != leases_.end()) std::shared_ptr(found->second.lane)->go_on(now_ms);
}

void PinnedLanes::flush(std::int64_t now_ms) {
  if (dirty_.empty()) return;
  std::vector<std::shared_ptr<Lane>> lanes;
  lanes.swap(dirty_);
  for (const auto& lane : lanes) lane->flush(now_ms);
  if (!dirty_.empty()) return;
  lanes.clear();
  dirty_.swap(lanes);  // keeps its memory
}

void PinnedLanes::on_lane_ready(Lane& lane, std::string_view) {
  counters_.lanes.add();
  if (lane.used_older_password()) counters_.lanes_on_older_password.add();
  backoff_of(lane.key()).failures = 0;
}

void PinnedLanes::on_lane_reply(Lane& lane, RequestPtr&& request, const protocol::ReplyFrame& frame) {
  const auto found = leases_.find(lane.id());
  if (found != leases_.end() && frame.type == protocol::RespType::kError && protocol::error_code(frame) == "READONLY")
    listener_.on_readonly(found->second.session, lane.id());
  answer(std::move(request), frame.wire);
}

void PinnedLanes::on_lane_confirmation(Lane&, const Request& request, const protocol::ReplyFrame& frame) {
  sink_.deliver(request, frame.wire, Part::kMore);
}

void PinnedLanes::on_lane_push(Lane& lane, const protocol::ReplyFrame& frame) {
  const auto found = leases_.find(lane.id());
  if (found == leases_.end()) return counters_.pushes_dropped_total.add();
  sink_.push(found->second.session, frame.wire);
}

void PinnedLanes::on_lane_login_refused(Lane& lane) {
  listener_.on_login_refused();
  if (lane.state() != Lane::State::kReady) return;  // it waits for other credentials
  spdlog::warn("upstream refused a later login node={} use=pinned action=\"replacing the lane\"", settings_->address.text);
  const auto found = leases_.find(lane.id());
  if (found == leases_.end()) return lane.end(LaneEnd::kFinished, "its login is too old");
  listener_.on_lease_aged(found->second.session, lane.id());
}

void PinnedLanes::on_request_failed(Lane&, RequestPtr&& request, const LaneReport& report, bool may_have_run) {
  if (report.why == LaneEnd::kRefusedDatabase) {
    std::string text;
    protocol::append_error(text, report.text);
    return answer(std::move(request), text);
  }
  const Part part = request->begun ? Part::kBroken : Part::kLast;
  answer(std::move(request), may_have_run ? kUpstreamLost : unsent_text(report.why), part);
}

void PinnedLanes::on_lane_ended(Lane& lane, const LaneReport& report) {
  if (lane.was_ready()) counters_.lanes.subtract();
  if (lane.was_ready() && lane.used_older_password()) counters_.lanes_on_older_password.subtract();
  std::erase_if(idle_, [&](const auto& other) { return other.get() == &lane; });
  if (report.why == LaneEnd::kDesync) counters_.desyncs_total.add();
  if (report.why != LaneEnd::kFinished && report.why != LaneEnd::kRefusedDatabase) {
    counters_.errors_total.add();
    ends_log_.write("pinned", settings_->address.text, lane.key(), report, now_ms_);
    if (!lane.was_ready()) {
      Backoff& backoff = backoff_of(lane.key());
      backoff.next_dial_ms = now_ms_ + redial_pause_ms(backoff.failures++, random_());
    }
  }
  const auto found = leases_.find(lane.id());
  if (found == leases_.end()) return;
  const SessionId session = found->second.session;
  leases_.erase(found);
  listener_.on_lease_lost(session, lane.id());
}

std::vector<std::shared_ptr<Lane>> PinnedLanes::all_lanes() const {
  std::vector<std::shared_ptr<Lane>> lanes(idle_);
  lanes.reserve(idle_.size() + leases_.size());
  for (const auto& [id, lease] : leases_) lanes.push_back(lease.lane);
  return lanes;
}

// A lane whose session is in the middle of something is left for the next sweep.
void PinnedLanes::log_in_again() {
  std::vector<std::shared_ptr<Lane>> due;  // a lane that breaks as it writes is taken out of the others
  for (const auto& lane : idle_)
    if (lane->wants_login(now_ms_)) due.push_back(lane);
  for (const auto& [id, lease] : leases_)
    if (lease.lane->wants_login(now_ms_) && !lease.is_outdated && listener_.may_log_in(lease.session, id)) due.push_back(lease.lane);
  for (const auto& lane : due) lane->log_in_again(now_ms_);
}

void PinnedLanes::sweep(std::int64_t now_ms) {
  now_ms_ = now_ms;
  log_in_again();
  for (const auto& lane : all_lanes()) lane->sweep(now_ms);
  std::vector<std::shared_ptr<Lane>> unused;
  for (const auto& lane : idle_)
    if (lane->load() == 0 && now_ms - lane->last_used_ms() >= limits_.idle.count()) unused.push_back(lane);
  for (const auto& lane : unused) lane->end(LaneEnd::kFinished, "idle");
}

void PinnedLanes::close_idle() {
  const std::vector<std::shared_ptr<Lane>> lanes(idle_);
  for (const auto& lane : lanes) lane->end(LaneEnd::kFinished, "not to be used again");
}

void PinnedLanes::stop() {
  stopping_ = true;
  close_idle();
  for (const auto& lane : all_lanes()) lane->end(LaneEnd::kFinished, "shutting down");
}

}  // namespace respgate::proxy
