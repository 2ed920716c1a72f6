#include "proxy/lane/lane.h"

#include <array>
#include <cassert>
#include <utility>

#include "proxy/lane/upstream_hello.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kReadsPerTurn = 4;  // then others have their turn
constexpr std::size_t kGatheredRequests = 64;
constexpr std::size_t kCopiedRequests = 16 * 1024;  // bytes of small ones

}  // namespace

Lane::Lane(boost::asio::io_context& io, LaneSettingsPtr settings, LaneKey key, Use use, std::uint64_t id, std::span<char> scratch,
           RequestPool& pool, MemoryBudget& memory, Owner& owner)
    : io_(io),
      settings_(std::move(settings)),
      key_(key),
      use_(use),
      id_(id),
      scratch_(scratch),
      pool_(pool),
      owner_(owner),
      pipeline_(key.resp),
      memory_(memory),
      sentinel_(settings_->sentinel) {}

// What Pipeline finds, handed to whoever waits for it in this state.
class Lane::Replies final : public Pipeline::Sink {
 public:
  explicit Replies(Lane& lane) : lane_(lane) {}

  void on_reply(RequestPtr&& request, const protocol::ReplyFrame& frame) override {
    lane_.held_up_ = false;
    if (lane_.state_ == State::kGreeting) {
      lane_.on_greeting_reply(frame);
    } else if (request->guard == Request::Guard::kLogin) {
      if (lane_.state_ != State::kEnded) lane_.on_login_reply(frame);
    } else if (lane_.state_ != State::kEnded) {
      lane_.owner_.on_lane_reply(lane_, std::move(request), frame);
    }
  }
  void on_part(const Request& request, std::string_view bytes) override { lane_.take_part(request, bytes); }
  void on_confirmation(const Request& request, const protocol::ReplyFrame& frame) override {
    if (lane_.state_ != State::kEnded) lane_.owner_.on_lane_confirmation(lane_, request, frame);
  }
  void on_push(const protocol::ReplyFrame& frame) override {
    if (lane_.state_ != State::kEnded) lane_.owner_.on_lane_push(lane_, frame);
  }

 private:
  Lane& lane_;
};

void Lane::submit(RequestPtr&& request, std::int64_t now_ms) {
  last_used_ms_ = now_ms;
  if (load() == 0) progress_ms_ = now_ms;
  if (state_ != State::kReady || later_login_ != LaterLogin::kNone) {
    waiting_.emplace_back() = std::move(request);
  } else {
    push(std::move(request));
  }
}

void Lane::push(RequestPtr&& request) {
  if (request->wire.empty()) return owner_.on_lane_reply(*this, std::move(request), kLaneOpened);
  if (use_ == Use::kShared && request->guard != Request::Guard::kProbe) {
    sentinel_.guard(*request);
    sentinel_.count();
  }
  pipeline_.push(std::move(request));
}

void Lane::feed(std::string_view bytes, bool is_last, std::int64_t now_ms) {
  if (is_last) progress_ms_ = now_ms;
  assert(waiting_.empty() ? pipeline_.back().unfinished : waiting_.back()->unfinished);
  waiting_.empty() ? pipeline_.feed(bytes, is_last) : proxy::feed(*waiting_.back(), bytes, is_last);
  memory_.now_holds(pipeline_.buffered_bytes() + (waiting_.empty() ? pipeline_.back() : *waiting_.back()).wire.capacity());
}

std::size_t Lane::unsent_of_last() const {
  if (!waiting_.empty()) return unsent_bytes(*waiting_.back());
  return pipeline_.empty() ? 0 : unsent_bytes(pipeline_.back());
}

void Lane::probe_if_due(std::int64_t now_ms) {
  if (state_ == State::kReady && use_ == Use::kShared && later_login_ == LaterLogin::kNone && sentinel_.is_due(now_ms)) probe(now_ms);
}

void Lane::probe(std::int64_t now_ms) {
  RequestPtr probe = pool_.take();
  sentinel_.make_probe(*probe, now_ms);
  if (load() == 0) progress_ms_ = now_ms;
  if (later_login_ != LaterLogin::kNone) {
    waiting_.emplace_back() = std::move(probe);
  } else {
    pipeline_.push(std::move(probe));
  }
}

void Lane::flush(std::int64_t now_ms) {
  if (!stream_ || write_blocked_) return;
  probe_if_due(now_ms);
  const bool was_fed_up = is_fed_up();
  std::array<::iovec, kGatheredRequests> gathered;
  std::array<char, kCopiedRequests> copied;
  while (pipeline_.has_unsent()) {
    const std::size_t entries = pipeline_.gather(gathered, copied);
    const tls::Transfer written = stream_->write({gathered.data(), entries});
    if (written.error) return end(LaneEnd::kLost, written.error.message());
    if (written.blocked) {
      write_blocked_ = true;
      stream_->wait_writable([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) self->on_writable();
      });
      break;
    }
    pipeline_.sent(written.bytes);
    if (pipeline_.front().unfinished) progress_ms_ = std::max(progress_ms_, owner_.now_ms());
    last_used_ms_ = std::max(last_used_ms_, now_ms);
  }
  if (was_fed_up && !is_fed_up()) owner_.on_lane_fed(*this);
}

void Lane::on_writable() {
  write_blocked_ = false;
  flush(last_used_ms_);
}

void Lane::wait_readable() {
  stream_->wait_readable([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->on_readable();
  });
}

void Lane::on_readable() {
  Replies replies(*this);
  for (std::size_t i = 0; i < kReadsPerTurn && stream_ && !paused_; ++i) {
    const tls::Transfer got = stream_->read(scratch_);
    if (got.blocked) break;
    if (got.error) return end(state_ == State::kGreeting ? LaneEnd::kUnreachable : LaneEnd::kLost, got.error.message());
    const Pipeline::Fault fault = pipeline_.receive({scratch_.data(), got.bytes}, replies);
    if (state_ == State::kEnded) return;
    memory_.now_holds(pipeline_.buffered_bytes());
    if (fault != Pipeline::Fault::kNone)
      return end(fault == Pipeline::Fault::kNoEcho ? LaneEnd::kRefusedCredentials : LaneEnd::kDesync, std::string(pipeline_.fault_text()));
    progress_ms_ = last_used_ms_ = owner_.now_ms();
    send_due_login();
    if (got.bytes < scratch_.size()) break;
  }
  if (finish_if_empty() || paused_) return;
  wait_readable();
}

void Lane::take_part(const Request& request, std::string_view bytes) {
  if (state_ == State::kEnded) return;
  const Appetite appetite = owner_.on_lane_part(*this, request, bytes);
  if (state_ == State::kEnded) return;
  held_up_ = appetite != Appetite::kHungry;
  const bool holds_up_others = held_up_ && (!waiting_.empty() || pipeline_.holds_up_others());
  paused_ = appetite == Appetite::kFull || (held_up_ && !holds_up_others);
  if (paused_) paused_at_ms_ = paused_since_ms_ = owner_.now_ms();
}

void Lane::go_on(std::int64_t now_ms) {
  held_up_ = false;
  if (!std::exchange(paused_, false) || !stream_) return;
  progress_ms_ = now_ms;
  wait_readable();
}

void Lane::retire() {
  if (state_ == State::kEnded) return;
  if (state_ != State::kReady) return end(LaneEnd::kFinished, "retired before it was ready");
  if (later_login_ == LaterLogin::kDue) {
    later_login_ = LaterLogin::kNone;  // it ends before it would matter
    release_waiting();
    if (state_ == State::kEnded) return;
  }
  // Nothing comes behind its last request that would show a reply to be missing.
  if (use_ == Use::kShared && load() > 0 && settings_->sentinel.mode != SentinelConfig::Mode::kOff) probe(owner_.now_ms());
  state_ = State::kRetired;
}

bool Lane::finish_if_empty() {
  if (state_ != State::kRetired || load() > 0) return state_ == State::kEnded;
  end(LaneEnd::kFinished, "retired");
  return true;
}

void Lane::sweep(std::int64_t now_ms) {
  if (state_ < State::kReady && now_ms >= dial_deadline_ms_) {
    if (awaits_login_) return end(was_refused_ ? LaneEnd::kRefusedCredentials : LaneEnd::kUnreachable, *awaits_login_);
    const bool is_shaking_hands = state_ == State::kDialling && stream_;
    return end(LaneEnd::kUnreachable, is_shaking_hands
                                          ? "no answer to the TLS handshake within connect_timeout: does the node speak TLS there?"
                                          : "no answer within connect_timeout");
  }
  if (finish_if_empty()) return;
  if (paused_) {
    const bool holds_up_others = !waiting_.empty() || pipeline_.holds_up_others();
    if (!holds_up_others) paused_since_ms_ = now_ms;
    if (now_ms - paused_since_ms_ >= settings_->stall.count()) owner_.on_lane_stalled(*this, pipeline_.front());
    if (state_ == State::kEnded) return;
  }
  if (is_overdue(now_ms)) return end(LaneEnd::kTimeout, "no reply within response_timeout");
  if (peer_is_dead(now_ms)) return end(LaneEnd::kLost, "the node's machine has not acknowledged anything within dead_peer");
  if (later_login_ == LaterLogin::kSent && now_ms >= login_deadline_ms_)
    return end(LaneEnd::kTimeout, "no answer to a later login within connect_timeout");
  if (use_ == Use::kShared && wants_login(now_ms)) log_in_again(now_ms);
  if (state_ == State::kReady || state_ == State::kRetired) flush(now_ms);
}

bool Lane::is_overdue(std::int64_t now_ms) const {
  const std::int64_t limit = settings_->response_timeout.count();
  if (limit <= 0 || pipeline_.empty() || paused_) return false;
  if (pipeline_.front().unfinished && unsent_bytes(pipeline_.front()) == 0) return false;  // it is the client's turn
  const std::int64_t patience = pipeline_.front().patience_ms;
  return patience != Request::kForEver && now_ms - progress_ms_ >= limit + patience;
}

// A busy or stopped server still acknowledges, be it only that it has no room: it is left alone.  (TCP_USER_TIMEOUT
// would cut it, since Linux counts a closed window as unanswered.)  An idle lane is kept-alive by the kernel.
bool Lane::peer_is_dead(std::int64_t now_ms) {
  if (!stream_ || !stream_->is_unacknowledged()) {
    unanswered_since_ms_ = 0;
    return false;
  }
  if (unanswered_since_ms_ == 0) unanswered_since_ms_ = now_ms;
  return now_ms - unanswered_since_ms_ >= settings_->dead_peer.count();
}

void Lane::end(LaneEnd why, std::string text) {
  if (state_ == State::kEnded) return;
  const bool greeting = state_ == State::kGreeting;
  state_ = State::kEnded;
  const auto self = shared_from_this();  // the owner drops its reference below
  if (stream_) stream_->close();
  stream_.reset();
  memory_.now_holds(0);
  if (dialling_) {
    boost::system::error_code ignored;
    dialling_->close(ignored);
  }
  const bool is_plain = !settings_->tls && settings_->address.kind != Address::Kind::kUnix;
  if (greeting && is_plain && (why == LaneEnd::kUnreachable || why == LaneEnd::kDesync))
    text += " (does the node speak TLS there? Then write upstream.tls)";
  const LaneReport report{why, std::move(text)};
  const auto is_own = [](const Request& request) {
    return request.guard == Request::Guard::kProbe || request.guard == Request::Guard::kLogin;
  };
  while (!pipeline_.empty()) {
    RequestPtr request = pipeline_.pop();
    if (!greeting && !is_own(*request)) {
      const bool may_have_run = request->sent > 0 && !request->unfinished;
      owner_.on_request_failed(*this, std::move(request), report, may_have_run);
    }
  }
  while (!waiting_.empty()) {
    RequestPtr request = std::move(waiting_.front());
    waiting_.pop_front();
    if (!is_own(*request)) owner_.on_request_failed(*this, std::move(request), report, false);
  }
  owner_.on_lane_ended(*this, report);
}

}  // namespace respgate::proxy
