// What happens to a session between its commands: another policy, deadlines, the end.
#include <utility>

#include "proxy/common/clock.h"
#include "proxy/session/session.h"

namespace respgate::proxy {
namespace {

// A client that is being closed and does not read its last replies.
constexpr std::int64_t kClosingStallMs = 10000;
// A client that stops in the middle of a request which has a lane for itself.
constexpr std::int64_t kFeedingStallMs = 60000;
// A client that has said nothing for this long.
constexpr std::int64_t kIdleMs = 1000;

}  // namespace

void Session::adopt(acl::PolicyPtr policy, ListenerTerms terms) {
  if (!is_open()) return;
  if (!gate_.adopt(std::move(policy), std::move(terms))) return close(CloseReason::kRevoked);
  parser_.set_limits(limits_in_force(), !limits_after_login_);
  if (!closing_) schedule_resume();  // a window may have grown
}

void Session::sweep(std::int64_t now_ms) {
  if (lingering_ && now_ms >= linger_until_ms_ && stream_.is_delivered()) return close(closing_why_);
  if (!closing_ || (!replies_.empty() && !holds_up_lane_)) {
    closing_stalled_since_ms_ = now_ms;
  } else if (now_ms - closing_stalled_since_ms_ >= kClosingStallMs) {
    return close(closing_why_);
  }
  if (drain_deadline_ms_ != 0 && now_ms >= drain_deadline_ms_) return close(closing_why_);
  // Nobody reads from it any more that would notice, and what the blocked command waits for may never come.
  if (gate_.is_blocked() && !reading_ && stream_.peer_is_gone()) return close(CloseReason::kClientGone);
  if (closing_) return;
  if (feeding_ && reading_ && now_ms - last_input_ms_ >= kFeedingStallMs) return close(CloseReason::kIdleTimeout);
  if (!gate_.is_logged_in() && now_ms - logged_out_since_ms_ >= limits().unauthenticated_timeout.count())
    return close(CloseReason::kLoginTimeout);
  const std::int64_t admitted_until_ms = gate_.client().admitted_until_ms;
  if (admitted_until_ms != 0 && now_ms >= admitted_until_ms) return close(CloseReason::kCertificateExpired);
  if (replies_.empty() && output_bytes() == 0 && now_ms - last_input_ms_ >= kIdleMs) give_back_what_idles();
  const bool idle = replies_.empty() && output_bytes() == 0 && !gate_.is_subscriber();
  if (idle && limits().idle_timeout.count() > 0 && now_ms - last_input_ms_ >= limits().idle_timeout.count())
    return close(CloseReason::kIdleTimeout);
  if (waiting_since_ms_ != 0 && now_ms - waiting_since_ms_ >= upstream().queue_timeout.count()) {
    lane_busy_ = true;
    schedule_resume();
  }
}

void Session::drain(std::int64_t deadline_ms) {
  if (drain_deadline_ms_ == 0) drain_deadline_ms_ = deadline_ms;
  if (closing_) return;
  abandon_request();
  closing_ = true;
  closing_why_ = CloseReason::kShutdown;
  after_output();
}

void Session::close(CloseReason why) {
  if (!is_open()) return;
  stream_.close();
  if (kept_) kept_->timer.cancel();
  const auto self = shared_from_this();  // on_closed drops the worker's reference
  let_lane_go_on();
  leave_lane();
  end_feeding();
  memory_.now_holds(0);
  on_closed_(*this, why);
}

}  // namespace respgate::proxy
