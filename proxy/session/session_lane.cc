// The half of a session that has to do with a lane of its own: taken when a command
// needs one, used for everything while it is held, given back when nothing is left on it.
#include <utility>

#include "proxy/session/session.h"

namespace respgate::proxy {

// False: there is none to be had.
bool Session::lease_lane(std::int64_t database) {
  if (lease_ == 0) lease_ = services_.pinned.lease(id_, {client().resp, database, 0, identity()}, last_input_ms_);
  return lease_ != 0;
}

// When nothing is left on it, and nobody is about to tell the node something about it.
void Session::leave_unused_lane() {
  if (lease_ == 0 || upstream_owed_ > 0 || unblocks_ > 0 || gate_.needs_lane()) return;
  if (!gate_.keeps_lane() || lease_is_stale_) leave_lane();
}

// For the next session if it is clean and nothing is owed on it, closed otherwise.
void Session::leave_lane() {
  const std::uint64_t lane = std::exchange(lease_, 0);
  if (lane == 0) return;
  const bool reusable = gate_.leaves_lane_clean() && upstream_owed_ == 0 && unblocks_ == 0 && !lease_is_stale_;
  lease_is_stale_ = false;
  if (std::exchange(is_listed_, false)) services_.directory.remove(client().id);
  gate_.lane_is_gone();
  reusable ? services_.pinned.give_back(lane, last_input_ms_) : services_.pinned.discard(lane);
  services_.turn.flush_lanes();
}

void Session::drop_lane() {
  lease_is_stale_ = true;
  leave_lane();
  lease_is_stale_ = false;
}

// So that other clients of its user can have their invalidations sent here.  Again when the user changes.
void Session::list_lane() {
  const std::int64_t server_side_id = lease_is_stale_ ? 0 : services_.pinned.server_side_id(lease_);
  if (server_side_id == 0 || client().principal == nullptr) return;
  services_.directory.set(client().id, client().principal->name(), server_side_id);
  is_listed_ = true;
}

std::int64_t Session::begin_unblock() {
  // The number of a lane to another node would be somebody else's at this one.
  const std::int64_t id = lease_ != 0 && !lease_is_stale_ && gate_.is_blocked() ? services_.pinned.server_side_id(lease_) : 0;
  if (id != 0) ++unblocks_;
  return id;
}

void Session::end_unblock() {
  --unblocks_;
  leave_unused_lane();
  schedule_resume();  // it may have waited for that
}

void Session::on_lease_lost(std::uint64_t lane) {
  if (lane != lease_) return;
  lease_ = 0;
  lease_is_stale_ = false;
  if (std::exchange(is_listed_, false)) services_.directory.remove(client().id);
  lose_lane();
}

// What the client has on it, or has just asked for, is gone.
void Session::lose_lane() {
  const bool had_state = gate_.needs_lane();
  gate_.lane_is_gone();
  if (!had_state || closing_) return;
  // It would miss messages, or run half a transaction, without knowing.
  closing_ = true;
  closing_why_ = CloseReason::kUpstreamGone;
  after_output();
}

void Session::on_lease_stale(std::uint64_t lane) {
  if (lane == lease_) abandon_lane();
}

void Session::abandon_lane() {
  if (lease_ == 0) return;
  lease_is_stale_ = true;
  if (std::exchange(is_listed_, false)) services_.directory.remove(client().id);
  leave_unused_lane();
}

void Session::leave_old_login() {
  if (lease_ != 0 && gate_.awaits_state()) close(CloseReason::kRevoked);
}

// Behind a HELLO that is not answered it may be in the other protocol.
bool Session::may_log_in(std::uint64_t lane) const { return lane == lease_ && !needs_answers_ && gate_.lane_takes_auth(); }

}  // namespace respgate::proxy
