// The part of the gate between MULTI and EXEC.  The server queues and runs; what the
// proxy refuses while queueing spoils the transaction as a refusal by the server would,
// and EXEC is judged by the policy in force when it comes.
//
// Stricter than the server: who a client is, what its session speaks and what it
// subscribes to does not change inside a transaction, where EXEC's reply could not be
// followed any more (reply counts, protocol, rights in mid-array).
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/reply_elements.h"
#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/gate/gate.h"

namespace respgate::proxy {
namespace {

using protocol::Args;
using protocol::CommandSpec;
using protocol::ReplyExpectation;
using protocol::RespType;
using Refusal = Verdict::Refusal;
using Source = Transaction::Source;

// CLIENT ID and the like, which no client needs often inside a transaction.
constexpr std::size_t kMostAnsweredHere = 32;
constexpr std::string_view kTooManyAnswers = "ERR respgate: more than 32 commands in one transaction that the proxy answers";
constexpr std::string_view kTooManyDatabases = "ERR respgate: more than 16 databases in one transaction";
constexpr std::string_view kAborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";

// `+QUEUED`, and nothing else but an error.
ReplyExpectation queued_reply() { return {protocol::reply_bit(RespType::kSimple), ReplyExpectation::kAnyLength}; }

// The server has its own word on what is no command to queue.
bool runs_inside(std::string_view name) { return name == "multi" || name == "watch"; }

bool may_be_queued(const CommandSpec& spec) {
  using Mode = protocol::ChannelSpec::Mode;
  const bool subscribes = spec.channels.mode == Mode::kSubscribe || spec.channels.mode == Mode::kUnsubscribe;
  const bool asks_others = spec.name == "client|list" || spec.name == "client|kill" || spec.name == "client|unblock";
  const bool changes_session = spec.name == "auth" || spec.name == "hello" || spec.name == "client|reply" ||
                               spec.name == "client|tracking" || spec.name == "client|caching" || spec.name == "client|getredir" ||
                               spec.name == "client|trackinginfo" || spec.name == "migrate";
  return !subscribes && !changes_session && !asks_others;
}

Source source_of(const CommandSpec& spec) {
  if (spec.name == "select") return Source::kServerSelect;
  if (spec.name == "info") return Source::kServerInfo;
  return spec.dispatch == protocol::Dispatch::kLocal && !keeps_its_place(spec) ? Source::kProxy : Source::kServer;
}

}  // namespace

Verdict& Gate::in_transaction(Verdict& verdict, const protocol::Command& command, const Standing& standing) {
  const CommandSpec& spec = *verdict.spec;
  if (spec.name == "quit" || spec.name == "reset") return run_locally(verdict, standing);
  if (spec.name == "exec") return exec(verdict, standing);
  verdict.pinned = true;
  if (spec.name == "discard") {
    forward(verdict, command, standing);
    if (verdict.refusal == Refusal::kNone) end_transaction();
    verdict.ends_state = true;
    return verdict;
  }
  if (runs_inside(spec.name)) return forward(verdict, command, standing);
  if (!may_be_queued(spec))
    return refuse(verdict, Refusal::kWrongCall, "ERR respgate: '" + std::string(spec.name) + "' is not available inside a transaction");

  const Source source = source_of(spec);
  if (const std::string_view why = why_not_queued(source, verdict, standing); !why.empty()) return refuse(verdict, Refusal::kNoRoom, why);
  const bool rewritten = verdict.rule.kind == acl::RuleOutcome::Kind::kRewrite;
  if (source != Source::kProxy) {
    verdict.expectation = queued_reply();
    forward(verdict, command, standing);
    if (verdict.refusal != Refusal::kNone) return verdict;
  }
  if (leaves_a_lane_changed(spec)) lane_soiled_ = lane_kept_ = true;
  if (source == Source::kServerSelect) lane_soiled_ = true;
  transaction_.queue({KeptCommand(spec, verdict.args), source, rewritten});
  if (source != Source::kProxy) return verdict;
  protocol::append_simple(answer_, "QUEUED");
  return finish(verdict);
}

// What the proxy answers itself is made all at once when EXEC's reply comes, and nothing bounds it then: so few of them.
std::string_view Gate::why_not_queued(Source source, const Verdict& verdict, const Standing& standing) const {
  if (!standing.no_room.empty()) return standing.no_room;
  if (source == Source::kProxy && transaction_.answered_here() == kMostAnsweredHere) return kTooManyAnswers;
  const auto database = source == Source::kServerSelect ? protocol::parse_strict_integer(verdict.args[1]) : std::nullopt;
  return database && !transaction_.has_room_for(*database) ? kTooManyDatabases : std::string_view();
}

Verdict& Gate::exec(Verdict& verdict, const Standing& standing) {
  if (transaction_.is_edited() && standing.owes_replies) return wait(verdict);  // one edited reply at a time
  if (!transaction_.is_spoiled()) revoked_ = first_revoked();
  if (transaction_.is_spoiled() || revoked_) return abort_transaction(verdict);
  send_alone(verdict, "EXEC");
  const protocol::ReplyTypes nothing = protocol::reply_bit(RespType::kNull) | protocol::kNullArrayBit;
  verdict.expectation = {protocol::reply_bit(RespType::kArray) | nothing, static_cast<std::uint32_t>(transaction_.sent())};
  if (transaction_.is_edited()) {
    verdict.reading = Request::Reading::kExec;
    verdict.is_barrier = true;
    executing_ = std::move(transaction_);
  }
  end_transaction();
  return verdict;
}

// The server forgets the queue, the client is told that nothing of it ran.
Verdict& Gate::abort_transaction(Verdict& verdict) {
  send_alone(verdict, "DISCARD");
  verdict.reading = Request::Reading::kAborted;
  verdict.expectation = queued_reply();
  end_transaction();
  return verdict;
}

void Gate::send_alone(Verdict& verdict, std::string_view command) {
  verdict.kind = Verdict::Kind::kForward;
  verdict.pinned = true;
  verdict.ends_state = true;
  rewritten_.assign({command});
  verdict.args = rewritten_;
}

void Gate::end_transaction() {
  transaction_.clear();
  watching_ = false;
}

// Null: all of the queue is allowed.
std::unique_ptr<const Gate::Revoked> Gate::first_revoked() {
  if (queued_generation_ == client_.policy->generation()) return nullptr;
  for (const Transaction::Element& element : transaction_.elements()) {
    auto revoked = std::make_unique<Revoked>(Revoked{element.command, {}, {}});
    const auto databases = transaction_.databases().first(element.databases);
    revoked->args = revoked->command.args();
    revoked->verdict.in_transaction = true;
    if (!still_allowed(revoked->verdict, revoked->command.spec(), revoked->args, element.rewritten, databases)) return revoked;
  }
  return nullptr;
}

std::string_view Gate::finish_transaction(std::string_view reply) {
  const auto elements = protocol::array_elements(reply, client_.resp);
  if (!elements || elements->size() != executing_.sent()) return reply;  // watched keys changed, or an error
  answer_.clear();
  protocol::append_array(answer_, executing_.elements().size());
  auto element = elements->begin();
  for (const Transaction::Element& queued : executing_.elements()) {
    switch (queued.source) {
      case Source::kServer: answer_.append(*element++); break;
      case Source::kServerInfo: append_info(*element++, proxy_section_of(queued.command.args())); break;
      case Source::kServerSelect:
        if (element->starts_with('+')) client_.database = protocol::parse_strict_integer(queued.command.args()[1]).value_or(0);
        answer_.append(*element++);
        break;
      case Source::kProxy: answer_here(queued.command.spec(), queued.command.args(), client_.last_command_ms); break;
    }
  }
  return answer_;
}

void Gate::append_info(std::string_view reply, ProxySection section) {
  if (process_ == nullptr) return append_filtered_info(answer_, reply);
  const ProxyInfo proxy{process_->report(), client_.policy->generation(), client_.policy->options().observe};
  append_filtered_info(answer_, reply, &proxy, section);
}

std::string_view Gate::read_reply(Request::Reading reading, std::string_view reply) {
  using Reading = Request::Reading;
  const bool is_error = reply.starts_with('-') || reply.starts_with('!');
  switch (reading) {
    case Reading::kPlain:
    case Reading::kSelect: return reply;
    case Reading::kAborted: return kAborted;
    case Reading::kExec:
      reply = finish_transaction(reply);
      executing_.clear();
      return reply;
    case Reading::kInfo:
    case Reading::kInfoAndProxy:
      answer_.clear();
      append_info(reply, reading == Reading::kInfo ? ProxySection::kNo : ProxySection::kYes);
      return answer_;
    case Reading::kHello:
      if (is_error) return reply;
      client_.resp = hello_asked_;
      answer_.clear();
      append_hello_reply();
      return answer_;
    case Reading::kTracking:
      if (!is_error) tracking_ = tracking_asked_.front();
      tracking_asked_.pop_front();
      return reply;
    case Reading::kTrackingInfo: return with_own_redirect(reply);
  }
  return reply;
}

}  // namespace respgate::proxy
