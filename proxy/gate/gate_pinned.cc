// The part of the gate for what needs a lane of the session's own: it keeps the lane
// waiting, changes it, or could put it out of step.
#include <string>
#include <string_view>
#include <utility>

#include "protocol/reply_writer.h"
#include "protocol/text.h"
#include "proxy/gate/gate.h"

namespace respgate::proxy {
namespace {

using protocol::Args;
using protocol::Command;
using protocol::CommandSpec;
using protocol::RespVersion;
using Mode = protocol::ChannelSpec::Mode;
using Refusal = Verdict::Refusal;

constexpr std::string_view kNoCaching =
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";
constexpr std::string_view kNoSuchRedirect = "ERR The client ID you want redirect to does not exist";
constexpr std::string_view kNoBroadcast = "NOPERM respgate: tracking with BCAST needs a user who may read every key";

// What a server still takes while somebody's script keeps it busy.  It does not take SELECT then.
bool ends_what_keeps_busy(std::string_view name) { return name == "script|kill" || name == "function|kill" || name == "function|stats"; }

bool is_about_tracking(std::string_view name) {
  return name == "client|tracking" || name == "client|trackinginfo" || name == "client|getredir" || name == "client|caching";
}

// "unsubscribe" without a name of its own: nothing was subscribed to.
void append_nothing_left(std::string& out, RespVersion resp, std::string_view kind, const std::string_view* name) {
  protocol::append_push(out, resp, 3);
  protocol::append_bulk(out, kind);
  name != nullptr ? protocol::append_bulk(out, *name) : protocol::append_null(out, resp);
  protocol::append_integer(out, 0);
}

}  // namespace

// Scripts and their like could put it out of step, and CLIENT NO-EVICT and NO-TOUCH concern the connection.
bool leaves_a_lane_changed(const CommandSpec& spec) {
  return spec.reach == protocol::Reach::kAnyKey || spec.name == "debug" || spec.name.starts_with("client|no-");
}

Verdict& Gate::pinned(Verdict& verdict, const Command& command, const Standing& standing) {
  const CommandSpec& spec = *verdict.spec;
  const std::string_view name = spec.name;
  if (name == "exec" || name == "discard")
    return refuse(verdict, Refusal::kWrongCall, name == "exec" ? "ERR EXEC without MULTI" : "ERR DISCARD without MULTI");
  if (name == "unwatch" && !standing.has_lane) return protocol::append_simple(answer_, "OK"), finish(verdict);
  if (is_about_tracking(name)) return track(verdict, command, standing);
  if (spec.channels.mode == Mode::kUnsubscribe) return unsubscribe(verdict, command, standing);
  if (standing.owes_replies && !standing.has_lane) return wait(verdict);
  if (!standing.no_lane.empty() && !standing.has_lane) return refuse(verdict, Refusal::kNoRoom, standing.no_lane);
  if (spec.channels.mode == Mode::kSubscribe) return subscribe(verdict, command, standing);
  if (protocol::may_block(spec, verdict.args)) return block(verdict, command, standing);
  if (name == "migrate" && !client_.principal->is_unrestricted()) return refuse_unavailable(verdict);

  verdict.pinned = true;
  forward(verdict, command, standing);
  if (verdict.kind != Verdict::Kind::kForward) return verdict;
  if (ends_what_keeps_busy(name) && !standing.has_lane) {
    // On a lane that is there for it alone, since it may be in another database than what comes behind it.
    verdict.in_any_database = verdict.is_barrier = lane_soiled_ = true;
    return verdict;
  }
  if (name == "multi") {
    transaction_.begin(client_.database);
    queued_generation_ = client_.policy->generation();
  } else if (name == "watch") {
    watching_ = true;
  } else if (name == "unwatch") {
    watching_ = false;
    verdict.ends_state = true;
  } else if (leaves_a_lane_changed(spec)) {
    lane_soiled_ = lane_kept_ = true;
  }
  return verdict;
}

// PING and ECHO of a client with a lane of its own: their replies come behind what the server said on it before.
Verdict& Gate::on_its_lane(Verdict& verdict, const Command& command, const Standing& standing) {
  verdict.pinned = true;
  if (is_subscriber() && client_.resp == RespVersion::kResp2) verdict.expectation = {protocol::reply_bit(protocol::RespType::kArray), 2};
  return forward(verdict, command, standing);
}

Verdict& Gate::block(Verdict& verdict, const Command& command, const Standing& standing) {
  verdict.pinned = true;
  verdict.follows_all_writes = verdict.spec->name.starts_with("wait");
  verdict.patience_ms = protocol::block_time_ms(*verdict.spec, verdict.args);
  forward(verdict, command, standing);
  if (verdict.kind != Verdict::Kind::kForward) return verdict;
  verdict.blocking = true;
  blocked_.emplace_back(*verdict.spec, verdict.args);
  return verdict;
}

Verdict& Gate::subscribe(Verdict& verdict, const Command& command, const Standing& standing) {
  verdict.pinned = true;
  forward(verdict, command, standing);
  if (verdict.kind != Verdict::Kind::kForward) return verdict;
  lane_soiled_ = true;
  verdict.confirmation = verdict.spec->name;
  verdict.confirmations =
      static_cast<std::uint32_t>(subscriptions_.subscribe(Subscriptions::sort_of(*verdict.spec), verdict.args.subspan(1)));
  return verdict;
}

Verdict& Gate::unsubscribe(Verdict& verdict, const Command& command, const Standing& standing) {
  const Args names = verdict.args.subspan(1);
  if (!standing.has_lane) {  // it holds nothing
    for (const std::string_view& name : names) append_nothing_left(answer_, client_.resp, verdict.spec->name, &name);
    if (names.empty()) append_nothing_left(answer_, client_.resp, verdict.spec->name, nullptr);
    return finish(verdict);
  }
  verdict.pinned = true;
  forward(verdict, command, standing);
  if (verdict.kind != Verdict::Kind::kForward) return verdict;
  verdict.confirmation = verdict.spec->name;
  verdict.confirmations = static_cast<std::uint32_t>(subscriptions_.unsubscribe(Subscriptions::sort_of(*verdict.spec), names));
  return verdict;
}

// CLIENT TRACKING and what asks about it.  A client without a lane of its own is not tracking.
Verdict& Gate::track(Verdict& verdict, const Command& command, const Standing& standing) {
  if (verdict.spec->name != "client|tracking") return about_tracking(verdict, command, standing);
  const TrackingRequest request = read_tracking(verdict.args);
  const bool turns_off = verdict.args.size() == 3 && protocol::is_option(verdict.args[2], "off");
  if (turns_off && !standing.has_lane) return protocol::append_simple(answer_, "OK"), finish(verdict);
  if (standing.owes_replies && !standing.has_lane) return wait(verdict);
  if (!standing.no_lane.empty() && !standing.has_lane) return refuse(verdict, Refusal::kNoRoom, standing.no_lane);

  Tracking asked{request.on, request.broadcast, 0, 0};
  if (request.broadcast && !client_.policy->options().observe && !may_hear_of_every_key()) {
    verdict.decision = {acl::Decision::Reason::kKey, acl::Decision::Detail::kKeyspaceNames};
    return refuse(verdict, Refusal::kAcl, kNoBroadcast);
  }
  std::vector<std::string_view> args(verdict.args.begin(), verdict.args.end());
  if (request.redirect) {
    const std::optional<std::int64_t> client = protocol::parse_strict_integer(args[*request.redirect]);
    if (client && *client != 0) {
      asked.redirect = static_cast<std::uint64_t>(*client);
      const auto id = standing.lanes != nullptr ? standing.lanes->find(asked.redirect, client_.principal->name()) : std::nullopt;
      if (!id) return refuse(verdict, Refusal::kWrongCall, kNoSuchRedirect);
      asked.server_redirect = *id;
      word_ = std::to_string(*id);
      args[*request.redirect] = word_;
    }
  }
  rewritten_ = std::move(args);
  verdict.args = rewritten_;
  verdict.pinned = true;
  forward(verdict, command, standing);
  if (verdict.kind != Verdict::Kind::kForward) return verdict;
  lane_soiled_ = true;
  verdict.reading = Request::Reading::kTracking;
  tracking_asked_.push_back(asked);
  return verdict;
}

Verdict& Gate::about_tracking(Verdict& verdict, const Command& command, const Standing& standing) {
  const std::string_view name = verdict.spec->name;
  if (standing.has_lane) {
    verdict.pinned = true;
    if (name != "client|caching") verdict.reading = Request::Reading::kTrackingInfo;
    return forward(verdict, command, standing);
  }
  if (name == "client|caching") return refuse(verdict, Refusal::kWrongCall, kNoCaching);
  if (name == "client|getredir") return protocol::append_integer(answer_, -1), finish(verdict);
  protocol::append_map(answer_, client_.resp, 3);
  protocol::append_bulk(answer_, "flags");
  protocol::append_set(answer_, client_.resp, 1);
  protocol::append_bulk(answer_, "off");
  protocol::append_bulk(answer_, "redirect");
  protocol::append_integer(answer_, -1);
  protocol::append_bulk(answer_, "prefixes");
  protocol::append_array(answer_, 0);
  return finish(verdict);
}

// The node's number of the other client becomes ours.
std::string_view Gate::with_own_redirect(std::string_view reply) {
  if (tracking_.redirect == 0) return reply;
  const std::string theirs = ":" + std::to_string(tracking_.server_redirect) + "\r\n";
  const std::size_t at = reply.find(theirs);
  if (at == reply.npos) return reply;
  answer_.assign(reply.substr(0, at)).append(":").append(std::to_string(tracking_.redirect)).append("\r\n");
  answer_.append(reply.substr(at + theirs.size()));
  return answer_;
}

}  // namespace respgate::proxy
