#include "proxy/session/process_state.h"

#include "proxy/common/clock.h"

namespace respgate::proxy {

ProcessReport WorkerProcessView::report() const {
  return {state_.denials.totals(), (steady_ms() - state_.started_ms) / 1000, state_.workers,
          state_.clients.load(std::memory_order_relaxed)};
}

// The clock is read here: what a session calls now may be long ago when its bytes had to wait.
LoginRuling WorkerProcessView::judge_login(std::string_view source, std::string_view user, bool is_right) {
  return state_.failed_logins.judge(snapshot_->config.limits.auth_failures, source, user, is_right, steady_ms());
}

}  // namespace respgate::proxy
