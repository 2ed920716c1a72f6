// The half of a session that sends: replies in their order, one write a turn, what
// becomes of a client that does not read, and what is told of it.
#include <chrono>
#include <memory>
#include <utility>

#include "proxy/common/clock.h"
#include "proxy/common/string_memory.h"
#include "proxy/session/session.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kKeptOutput = 4096;
// For the bytes of a client that is told why and goes on writing for a moment.
constexpr std::int64_t kLingerMs = 1000;

}  // namespace

void Session::deliver(const Request& request, std::string_view bytes, Part part) {
  if (!is_open() || is_cut_off_) return;
  if (part == Part::kBroken) return cut_off();
  if (feeding_ == request.ticket.seq) {
    end_feeding();  // whatever is still to come of it is read and dropped
    if (abandoning_) bytes = {};
  }
  if (part == Part::kLast) {
    holds_up_lane_ = holds_up_lane_ && !request.begun;
    if (--upstream_owed_ == 0) lane_ = 0;
    if (request.started_ns != 0) counters_.observe_duration(steady_ns() - request.started_ns);
    bytes = settle(request, bytes);
  }
  if (!request.begun && is_over_limit()) return close(CloseReason::kOutputLimit);
  replies_.fill(request.ticket.seq, bytes, part, out_);
  if (lease_ != 0 && !is_listed_ && gate_.has_lane_for_good()) list_lane();
  if (lease_ != 0) leave_unused_lane();
  if (!understanding_) {
    if (!reading_) schedule_resume();
    account();
    if (is_open()) after_output();
  }
}

// So that guessing is slow.  The client may be gone before: then close() ends the wait.
void Session::keep_back(Seq seq, const Verdict& verdict) {
  counters_.commands_local.add();
  kept_ = std::make_unique<KeptAnswer>(KeptAnswer{seq, std::string(verdict.answer), boost::asio::steady_timer(services_.io)});
  kept_->timer.expires_after(std::chrono::milliseconds(verdict.delay_ms));
  kept_->timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled && self->is_open()) self->give_out_kept();
  });
}

void Session::give_out_kept() {
  if (is_cut_off_) return;
  const std::unique_ptr<KeptAnswer> kept = std::move(kept_);
  answer(kept->seq, kept->bytes);
  schedule_resume();
  account();
  after_output();
}

void Session::take_answer(Seq seq, std::string_view bytes) {
  if (!is_open() || is_cut_off_) return;
  if (is_over_limit()) return close(CloseReason::kOutputLimit);
  answer(seq, bytes);
  if (!reading_) schedule_resume();
  account();
  after_output();
}

// What the reply means to the session, and what the client gets in its place.
std::string_view Session::settle(const Request& request, std::string_view bytes) {
  if (selecting_ == request.ticket.seq) {
    if (bytes.starts_with('+')) gate_.select_done(selecting_database_);
    selecting_.reset();
  }
  if (request.blocking) gate_.unblocked();
  const bool is_refused = bytes.starts_with('-') && !request.begun;  // the end of a value may begin so
  if (is_refused && request.ends_state) gate_.state_remains();
  if (is_refused && !request.confirmation.empty() && !closing_) {  // what it holds is not known any more
    closing_ = true;
    closing_why_ = CloseReason::kUpstreamGone;
  }
  return request.reading == Request::Reading::kPlain ? bytes : gate_.read_reply(request.reading, bytes);
}

// A reply ends in its middle, where an error would be taken for a part of it: what has come is sent, and nothing more.
void Session::cut_off() {
  is_cut_off_ = closing_ = true;
  closing_why_ = CloseReason::kUpstreamGone;
  replies_.clear();
  if (!understanding_) after_output();
}

// To one that is being closed nothing comes but what it is owed: messages would keep it open for as long as it reads them.
void Session::push(std::string_view bytes) {
  if (closing_) return;
  if (is_over_limit()) return close(CloseReason::kOutputLimit);
  out_.append(bytes);
  account();
  after_output();
}

void Session::reply(Seq seq, std::string_view bytes) { replies_.fill(seq, bytes, Part::kLast, out_); }

// Something may have been added to `out_`, or the last answer may be in.
void Session::after_output() {
  if (output_bytes() > 0) {
    schedule_flush();
  } else if (closing_ && replies_.empty()) {
    linger();
  }
}

// Too much is unread already: the next reply ends it.  One large reply alone may pass the limit.
bool Session::is_over_limit() const {
  const std::size_t unread = output_bytes() + replies_.parked_bytes();
  return unread > limits().client_output_buffer || (unread > kOutputWatermark && services_.memory.is_exhausted());
}

Appetite Session::appetite() {
  if (!is_open()) return Appetite::kHungry;
  const std::size_t unread = output_bytes();  // what is parked behind the reply cannot leave before it
  if (unread <= kOutputWatermark) return Appetite::kHungry;
  holds_up_lane_ = true;
  return unread > limits().client_output_buffer || services_.memory.is_exhausted() ? Appetite::kFull : Appetite::kSated;
}

void Session::let_lane_go_on() {
  if (!std::exchange(holds_up_lane_, false)) return;
  lease_ != 0 ? services_.pinned.go_on(lease_, steady_ms()) : services_.router.go_on(lane_, steady_ms());
}

// Everything is given to the kernel.  Closing while bytes of the client are unread would reset the connection and take
// with it what the client's side has no room for yet, so what still comes is read and thrown away until that is delivered,
// and for a moment, which a shutdown has not.
void Session::linger() {
  const bool hurries = closing_why_ == CloseReason::kShutdown;
  if (input_ended_ || (hurries && stream_.is_delivered())) return close(closing_why_);
  if (std::exchange(lingering_, true)) return;
  closing_stalled_since_ms_ = steady_ms();
  linger_until_ms_ = closing_stalled_since_ms_ + (hurries ? 0 : kLingerMs);
  leave_lane();
  stream_.shutdown_send();
  wait_readable();
}

void Session::discard_input() {
  const tls::Transfer got = stream_.read(services_.scratch);
  if (got.error) return close(closing_why_);
  wait_readable();
}

void Session::schedule_flush() {
  if (write_blocked_ || std::exchange(flush_scheduled_, true)) return;
  services_.turn.flush(shared_from_this());
}

void Session::flush() {
  flush_scheduled_ = false;
  if (!is_open() || write_blocked_) return;
  while (output_bytes() > 0) {
    const ::iovec bytes{out_.data() + out_sent_, output_bytes()};
    const tls::Transfer written = stream_.write({&bytes, 1});
    if (written.error) return close(CloseReason::kClientGone);
    if (written.blocked) {
      write_blocked_ = true;
      stream_.wait_writable([self = shared_from_this()](const tls::error_code& error) {
        self->write_blocked_ = false;
        if (!error) self->flush();
      });
      break;
    }
    out_sent_ += written.bytes;
    if (closing_) closing_stalled_since_ms_ = steady_ms();
  }
  if (output_bytes() == 0) {
    out_.clear();
    out_sent_ = 0;
    if (out_.capacity() > kKeptOutput) give_back_memory(out_);
  } else if (out_sent_ > kOutputWatermark && out_sent_ >= out_.size() / 2) {  // so that no byte is moved more than once
    out_.erase(0, out_sent_);
    out_sent_ = 0;
  }
  if (output_bytes() <= kOutputWatermark) let_lane_go_on();
  account();
  after_output();
  if (is_open() && !closing_ && !reading_ && !blocked()) schedule_resume();
  way_ = {};
}

std::string Session::info_line(std::int64_t now_ms) const {
  ClientActivity activity = gate_.activity();
  activity.idle_ms = now_ms - last_input_ms_;
  return client_info_line(client(), activity, now_ms);
}

// What is kept from one command to the next would, over thousands of clients who say nothing, be most of the memory.
void Session::give_back_what_idles() {
  replies_.trim();
  give_back_memory(out_);
  account();
}

void Session::account() { memory_.now_holds(in_.capacity() + out_.capacity() + replies_.parked_bytes() + gate_.held_bytes()); }

}  // namespace respgate::proxy
