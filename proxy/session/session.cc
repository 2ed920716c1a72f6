#include "proxy/session/session.h"

#include <algorithm>
#include <utility>

#include "proxy/common/clock.h"
#include "proxy/lane/upstream_errors.h"
#include "proxy/lane/upstream_hello.h"

namespace respgate::proxy {
namespace {

using ParserStatus = protocol::CommandParser::Status;

// An incomplete command may grow to this without asking the memory budget.
constexpr std::size_t kFreeInput = 64 * 1024;
// So may an answer of the proxy's own.
constexpr std::size_t kFreeAnswer = 16 * 1024;
constexpr std::string_view kOutOfMemory = "-ERR respgate: memory limit reached, try again later\r\n";
constexpr std::string_view kNoMemory = "ERR respgate: memory limit reached, try again later";
constexpr std::string_view kBusy = "ERR respgate: upstream busy";

protocol::Limits limits_before_login(const ClientLimits& limits) {
  protocol::Limits result = protocol::kLimitsBeforeAuth;
  result.arguments = limits.unauthenticated_max_arguments;
  result.bulk_bytes = limits.unauthenticated_max_bulk_bytes;
  return result;
}

protocol::Limits limits_after_login(const ClientLimits& limits) {
  protocol::Limits result = protocol::kLimitsAfterAuth;
  result.arguments = limits.max_arguments;
  result.bulk_bytes = limits.max_bulk_bytes;
  return result;
}

}  // namespace

Session::Session(tls::Stream stream, SessionId id, ClientState client, protocol::TargetFinder& finder, const ServerFacts& server,
                 const SessionServices& services, ListenerCounters& counters, std::function<void(Session&, CloseReason)> on_closed)
    : stream_(std::move(stream)),
      id_(id),
      services_(services),
      counters_(counters),
      on_closed_(std::move(on_closed)),
      gate_(std::move(client), finder, server, &services.process),
      parser_(limits_before_login(services.snapshot->config.limits), true),
      memory_(services.memory),
      last_input_ms_(steady_ms()),
      logged_out_since_ms_(last_input_ms_),
      closing_stalled_since_ms_(last_input_ms_) {
  adapt_limits();
}

void Session::start() { wait_readable(); }

// ---------------------------------------------------------------------------------------------- bytes in

void Session::wait_readable() {
  if (reading_ || !is_open() || input_ended_ || (closing_ && !lingering_)) return;
  reading_ = true;
  stream_.wait_readable([self = shared_from_this()](const tls::error_code& error) {
    self->reading_ = false;
    if (!error) self->on_readable();
  });
}

void Session::on_readable() {
  look();
  way_ = {};
}

void Session::look() {
  if (!is_open()) return;
  if (lingering_) return discard_input();
  if (closing_) return;
  if (blocked()) return;  // whoever unblocks it resumes it
  const tls::Transfer got = stream_.read(services_.scratch);
  if (got.error == boost::asio::error::eof) return end_input();
  if (got.error) return close(CloseReason::kClientGone);
  if (!got.blocked) {
    last_input_ms_ = steady_ms();
    understand({services_.scratch.data(), got.bytes});
  }
  if (!blocked()) wait_readable();
}

// Looks at every whole command of what was kept and what came; keeps the rest.
void Session::understand(std::string_view fresh) {
  std::string_view input = in_.join(fresh);
  understanding_ = true;
  while (is_open() && !closing_ && !blocked() && handle_next(input) == Step::kContinue) {
  }
  understanding_ = false;
  if (!is_open()) return;
  if (closing_) input = {};
  in_.keep(input);
  account();
  after_output();
}

Session::Step Session::handle_next(std::string_view& input) {
  if (parser_.is_streaming()) return pass_through(input);
  if (input.empty() && parser_.idle()) return Step::kStop;
  ParserStatus status = parser_.parse(input);
  if (status == ParserStatus::kName) {
    if (gate_.refuses_by_name(parser_.command())) parser_.drain();
    status = parser_.parse(input);
  }
  if (status == ParserStatus::kLarge) {
    if (may_stream() && gate_.judges_early(parser_.command())) return handle_large(input);
    parser_.keep();
    status = parser_.parse(input);
  }
  if (status == ParserStatus::kError) return refuse_stream();
  if (status == ParserStatus::kNeedMore) {
    drop_understood(input);
    if (input.size() > kFreeInput && services_.memory.is_exhausted()) {
      reply(replies_.reserve(), kOutOfMemory);
      closing_ = true;
      closing_why_ = CloseReason::kMemoryLimit;
    }
    return Step::kStop;
  }
  if (handle(parser_.command()) == Step::kStop) return Step::kStop;  // not admitted yet: stays in the buffer
  drop_understood(input);
  parser_.restart();
  return Step::kContinue;
}

void Session::drop_understood(std::string_view& input) {
  const std::size_t understood = parser_.consumable();
  parser_.consumed(understood);
  input.remove_prefix(understood);
}

Session::Step Session::refuse_stream() {
  const std::string text = parser_.error_text();
  closing_ = true;
  closing_why_ = CloseReason::kProtocolError;
  if (!text.empty()) reply(replies_.reserve(), "-ERR " + text + "\r\n");
  return Step::kStop;
}

// The client will say no more; what it asked for is still answered.
void Session::end_input() {
  if (gate_.is_blocked()) return close(CloseReason::kClientGone);  // nobody is there to take what may come
  abandon_request();
  input_ended_ = true;
  closing_ = true;
  closing_why_ = CloseReason::kClientGone;
  in_.clear();
  after_output();
}

// ------------------------------------------------------------------------------------------- commands

Session::Step Session::handle(const protocol::Command& command) {
  const Verdict verdict = gate_.admit(command, standing());
  if (verdict.kind == Verdict::Kind::kWait) {
    needs_answers_ = true;
    return Step::kStop;
  }
  note(verdict);
  return act(verdict);
}

void Session::note(const Verdict& verdict) {
  if (verdict.refusal == Verdict::Refusal::kNotAudited) counters_.audit_refused.add();
  if (verdict.login_attempted && is_listed_) list_lane();
  if (const auto revoked = gate_.take_revoked()) services_.decisions.record(revoked->verdict, gate_.client(), gate_.activity());
  if (verdict.noteworthy() || services_.decisions.records_allowed()) services_.decisions.record(verdict, gate_.client(), gate_.activity());
}

Session::Step Session::act(const Verdict& verdict) {
  const bool follows_its_way = verdict.kind == Verdict::Kind::kForward && !verdict.pinned && lease_ == 0 && way_.left > 0;
  if (follows_its_way) {
    --way_.left;
  } else {
    way_ = {};  // it may change where that leads
  }
  const Seq seq = replies_.reserve(verdict.silent);  // first: whatever is called next may answer before it returns
  if (verdict.drops_lane) drop_lane();
  switch (verdict.kind) {
    case Verdict::Kind::kForward: forward(verdict, seq); break;
    case Verdict::Kind::kSelect: select(verdict, seq); break;
    case Verdict::Kind::kAsk: ask(seq); break;
    case Verdict::Kind::kClose:
      closing_ = true;
      closing_why_ = CloseReason::kAsked;
      [[fallthrough]];
    case Verdict::Kind::kAnswer:
    case Verdict::Kind::kWait:
      if (verdict.delay_ms > 0) {
        keep_back(seq, verdict);
        break;
      }
      (verdict.refusal == Verdict::Refusal::kNone ? counters_.commands_local : counters_.commands_denied).add();
      answer(seq, verdict.answer);
      adapt_limits();
      break;
  }
  return Step::kContinue;
}

// What the gate wrote: it may be much longer than what was asked (COMMAND DOCS).
void Session::answer(Seq seq, std::string_view bytes) {
  reply(seq, bytes.size() > kFreeAnswer && services_.memory.is_exhausted() ? kOutOfMemory : bytes);
  gate_.forget_answer();
}

// KILL of oneself: nothing behind it is looked at, the reply is the last thing that is sent.
void Session::ask(Seq seq) {
  counters_.commands_local.add();
  needs_answers_ = true;
  const std::shared_ptr<const ClientQuery> question = gate_.take_question();
  if (question->kills_asker) {
    closing_ = true;
    closing_why_ = CloseReason::kKilled;
  }
  services_.inquiry.ask(question, {id_, seq});
}

void Session::forward(const Verdict& verdict, Seq seq) {
  counters_.commands_forwarded.add();
  if (verdict.pinned && !lease_lane(verdict.in_any_database ? 0 : client().database)) {
    reply(seq, kUpstreamUnavailable);
    return lose_lane();
  }
  if (verdict.follows_all_writes) services_.pinned.probe(lease_, last_input_ms_);
  if (verdict.is_barrier) needs_answers_ = true;
  if (verdict.unfinished) {  // first: it may fail before submit() returns
    feeding_ = seq;
    announced_ = parser_.command().large_bytes;
    services_.memory.announce(announced_);
  }
  submit(make_request(verdict, seq));
}

RequestPtr Session::make_request(const Verdict& verdict, Seq seq) {
  RequestPtr request = services_.requests.take();
  request->ticket = {id_, seq};
  if (verdict.wire.empty()) {
    protocol::append_command(request->wire, verdict.args);
  } else {
    request->wire.append(verdict.wire);  // to nothing; assign() would look at what it replaces
  }
  request->expectation = verdict.expectation ? *verdict.expectation : protocol::expected_reply(*verdict.spec, verdict.args, client().resp);
  request->unfinished = verdict.unfinished;
  request->confirmation = verdict.confirmation;
  request->confirmations = verdict.confirmations;
  request->patience_ms = verdict.patience_ms;
  request->blocking = verdict.blocking;
  request->ends_state = verdict.ends_state;
  request->reading = verdict.reading;
  request->listener = static_cast<std::uint32_t>(client().listener);
  if (until_timed_-- == 0) {
    until_timed_ = ListenerCounters::kDurationSample - 1;
    request->started_ns = steady_ns();
  }
  return request;
}

void Session::submit(RequestPtr&& request) {
  ++upstream_owed_;
  services_.turn.flush_lanes();
  if (lease_ != 0) return services_.pinned.submit(lease_, std::move(request), last_input_ms_);
  const std::uint64_t lane = way_.place != nullptr
                                 ? services_.router.submit(way_, std::move(request), lane_, last_input_ms_)
                                 : services_.router.submit(lane_key(client().database), std::move(request), lane_, last_input_ms_);
  if (lane != 0 && upstream_owed_ > 0) lane_ = lane;
}

Standing Session::standing() const {
  Standing standing{!replies_.empty(), lease_ != 0, {}, {}, last_input_ms_, &services_.directory, services_.unix_s, lease_is_stale_};
  standing.audit_refuses = services_.decisions.audit_refuses();
  if (!services_.pinned.has_room()) standing.no_lane = kBusy;
  if (services_.memory.is_exhausted()) {
    standing.no_room = kNoMemory;
  } else if (lease_ == 0 && lane_busy_ && services_.router.room_for(lane_key(client().database), lane_) == StandaloneRouter::Room::kFull) {
    standing.no_room = kBusy;
  }
  return standing;
}

void Session::select(const Verdict& verdict, Seq seq) {
  counters_.commands_local.add();
  selecting_ = seq;
  selecting_database_ = verdict.database;
  RequestPtr request = services_.requests.take();
  request->ticket = {id_, seq};
  if (lease_ != 0) {
    request->wire = select_request(verdict.database);
    request->expectation = select_reply();
    return submit(std::move(request));
  }
  ++upstream_owed_;
  services_.router.submit(lane_key(verdict.database), std::move(request), 0, last_input_ms_);
  services_.turn.flush_lanes();
}

LaneKey Session::lane_key(std::int64_t database) const {
  const auto lanes = static_cast<std::uint32_t>(upstream().lanes_per_worker);
  return {client().resp, database, lanes == 1 ? 0 : id_.slot % lanes, identity()};
}

// A login lifts the limits for what follows, a RESET brings them back.
void Session::adapt_limits() {
  if (gate_.is_logged_in() == limits_after_login_) return;
  limits_after_login_ = gate_.is_logged_in();
  logged_out_since_ms_ = last_input_ms_;
  parser_.set_limits(limits_in_force(), !limits_after_login_);
}

protocol::Limits Session::limits_in_force() const {
  return limits_after_login_ ? limits_after_login(limits()) : limits_before_login(limits());
}

// ------------------------------------------------------------------------------------------- pausing

// Must the next command wait?  Asked between commands: one packet may hold thousands.
bool Session::blocked() {
  if (selecting_ || kept_) return true;
  if (feeding_) return services_.pinned.is_fed_up(lease_);
  if (needs_answers_) {
    if (!replies_.empty()) return true;
    needs_answers_ = false;
  }
  if (replies_.size() >= limits().client_window) return true;
  const std::size_t watermark = gate_.is_logged_in() ? kOutputWatermark : kOutputWatermarkBeforeLogin;
  if (output_bytes() + replies_.parked_bytes() > watermark) return true;
  return wait_for_lane();
}

bool Session::wait_for_lane() {
  // A lane that is on its way out takes nothing more, unless it is about what the client has on it.
  if (lease_ != 0) return lease_is_stale_ && !gate_.needs_lane();
  if (way_.left > 0) return false;
  const std::uint64_t last = upstream_owed_ > 0 ? lane_ : 0;
  switch (services_.router.room_for(lane_key(client().database), last, &way_)) {
    case StandaloneRouter::Room::kYes:
      waiting_since_ms_ = 0;
      lane_busy_ = false;
      return false;
    case StandaloneRouter::Room::kMoved: needs_answers_ = true; return true;
    case StandaloneRouter::Room::kFull: break;
  }
  if (lane_busy_) return false;
  if (waiting_since_ms_ == 0) {
    waiting_since_ms_ = steady_ms();
    services_.router.wait_for_room(id_);
  }
  return true;
}

void Session::on_room() {
  waiting_since_ms_ = 0;
  schedule_resume();
}

void Session::resume() {
  resume_scheduled_ = false;
  if (!is_open()) return;
  if (!closing_ && !blocked() && !in_.empty()) understand({});
  if (is_open() && !closing_ && !blocked()) wait_readable();
  way_ = {};
}

void Session::schedule_resume() {
  if (std::exchange(resume_scheduled_, true)) return;
  services_.turn.resume(shared_from_this());
}

}  // namespace respgate::proxy
