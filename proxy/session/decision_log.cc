#include "proxy/session/decision_log.h"

#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/common/clock.h"
#include "proxy/common/log_text.h"

namespace respgate::proxy {
namespace {

using Kind = AuditEvent::Kind;
using Refusal = Verdict::Refusal;
using Reason = acl::Decision::Reason;

std::string_view command_name(const Verdict& verdict) { return verdict.spec != nullptr ? verdict.spec->name : kUnknownLabel; }

// Whatever the proxy refuses beyond the ACL counts as a refusal of the command.
Reason counted_reason(const Verdict& verdict) {
  return verdict.refusal == Refusal::kAcl || verdict.observed ? verdict.decision.reason : Reason::kCommand;
}

std::string audited_reason(const Verdict& verdict) {
  switch (verdict.refusal) {
    case Refusal::kRule: return "rule " + std::to_string(verdict.rule.rule + 1);
    case Refusal::kUnknown: return "unknown";
    case Refusal::kUnavailable: return "unavailable";
    default: return std::string(acl::reason_name(verdict.decision.reason));
  }
}

AuditTouch::Kind kind_of(protocol::Access access) {
  switch (access) {
    case protocol::Access::kAny: return AuditTouch::Kind::kAny;
    case protocol::Access::kRead: return AuditTouch::Kind::kRead;
    case protocol::Access::kWrite: return AuditTouch::Kind::kWrite;
    case protocol::Access::kReadWrite: return AuditTouch::Kind::kReadWrite;
  }
  return AuditTouch::Kind::kAny;
}

// Why it was allowed, when a rule had a say in it.
std::string rewritten_by(const Verdict& verdict) {
  return verdict.rule.kind == acl::RuleOutcome::Kind::kRewrite ? "rule " + std::to_string(verdict.rule.rule + 1) : "";
}

bool names_an_argument(const Verdict& verdict) {
  const Reason reason = verdict.decision.reason;
  const bool by_target = reason == Reason::kKey || reason == Reason::kChannel;
  return (verdict.refusal == Refusal::kAcl || verdict.observed) && by_target && verdict.decision.arg < verdict.args.size();
}

AclLogEntry::Reason acl_log_reason_of(Reason reason) {
  switch (reason) {
    case Reason::kKey: return AclLogEntry::Reason::kKey;
    case Reason::kChannel: return AclLogEntry::Reason::kChannel;
    case Reason::kDatabase: return AclLogEntry::Reason::kDatabase;
    case Reason::kCommand:
    case Reason::kAllowed: break;
  }
  return AclLogEntry::Reason::kCommand;
}

// What was refused: the server's word for a command, or the bytes of the argument.
std::string_view refused_object(const Verdict& verdict) {
  const bool names_database = verdict.refusal == Refusal::kAcl && verdict.decision.reason == Reason::kDatabase && verdict.decision.arg > 0;
  if (names_an_argument(verdict) || (names_database && verdict.decision.arg < verdict.args.size()))
    return verdict.args[verdict.decision.arg];
  return verdict.spec != nullptr || verdict.args.empty() ? command_name(verdict) : verdict.args[0];
}

}  // namespace

void DecisionLog::record(const Verdict& verdict, const ClientState& client, const ClientActivity& activity) {
  if (verdict.login_attempted) record_login(verdict, client, activity);
  if (verdict.rule.kind != acl::RuleOutcome::Kind::kNone) record_rule(verdict, client);
  if (verdict.observed) {
    metrics_.count_observed_denial(*client.principal, command_name(verdict), counted_reason(verdict));
    write(Kind::kObserved, verdict, client, std::string(acl::reason_name(verdict.decision.reason)), "observed");
  } else if (verdict.refusal == Refusal::kAcl || verdict.refusal == Refusal::kRule || verdict.refusal == Refusal::kUnknown ||
             verdict.refusal == Refusal::kUnavailable) {
    record_refusal(verdict, client, activity);
  } else if (records_allowed() && verdict.refusal == Refusal::kNone && !verdict.login_attempted) {
    write(Kind::kAllowed, verdict, client, rewritten_by(verdict), "allowed");
  }
}

void DecisionLog::record_login(const Verdict& verdict, const ClientState& client, const ClientActivity& activity) {
  const bool ok = verdict.login == acl::AuthOutcome::kOk;
  if (!ok) {
    metrics_.count_auth_failure(client.listener, client.policy->find(verdict.login_name), verdict.login);
    log_failed_login(client, verdict.login_name, verdict.login, verdict.token_fault);
    AclLogEntry entry;
    entry.reason = AclLogEntry::Reason::kAuth;
    entry.context = verdict.in_transaction ? AclLogEntry::Context::kMulti : AclLogEntry::Context::kTopLevel;
    entry.object = log_text(verdict.args[0]);
    entry.username = log_text(verdict.login_name);
    note(std::move(entry), client, activity);
  }
  write(Kind::kAuth, verdict, client, ok ? "" : std::string(acl::auth_outcome_name(verdict.login)), ok ? "ok" : "failed");
}

void DecisionLog::record_certificate(const CertificateLogin& login, const ClientState& client) {
  const bool ok = login.why_not.empty();
  if (!ok) {
    const std::string& name = login.user.empty() ? login.name : login.user;
    metrics_.count_auth_failure(client.listener, client.policy->find(login.user), acl::AuthOutcome::kCertificate);
    log_failed_login(client, name, acl::AuthOutcome::kCertificate);
    AclLogEntry entry;
    entry.reason = AclLogEntry::Reason::kCertificate;
    entry.object = "certificate";
    entry.username = log_text(name);
    note(std::move(entry), client, {});
  }
  if (!audit_.wants(Kind::kAuth)) return;
  AuditEvent event;
  event.kind = Kind::kAuth;
  event.session = client.id;
  event.listener = client.listener_name;
  event.peer = client.peer;
  event.identity = login.name.substr(0, kAuditTextBytes);
  event.user = login.user.empty() ? login.name.substr(0, kAuditTextBytes) : login.user;
  event.reason = acl::auth_outcome_name(acl::AuthOutcome::kCertificate);
  event.verdict = ok ? "ok" : "failed";
  event.detail = login.why_not;
  event.generation = client.policy->generation();
  audit_.write(std::move(event));
}

void DecisionLog::record_rule(const Verdict& verdict, const ClientState& client) {
  const auto action = verdict.rule.kind == acl::RuleOutcome::Kind::kDeny      ? acl::RuleAction::kDeny
                      : verdict.rule.kind == acl::RuleOutcome::Kind::kRewrite ? acl::RuleAction::kRewrite
                                                                              : acl::RuleAction::kObserve;
  metrics_.count_rule_hit(*client.principal, verdict.ruled->name, action);
  if (action == acl::RuleAction::kObserve)
    write(Kind::kObserved, verdict, client, "rule " + std::to_string(verdict.rule.rule + 1), "observed");
}

void DecisionLog::log_failed_login(const ClientState& client, std::string_view user, acl::AuthOutcome reason,
                                   std::string_view token_fault) {
  if (!failed_logins_log_.admits(steady_ms())) return;
  spdlog::warn("authentication failed source={} listener={} user=\"{}\" reason={}{}{} left_out={}", client.source, client.listener_name,
               log_text(user), acl::auth_outcome_name(reason), token_fault.empty() ? "" : " token=", token_fault,
               failed_logins_log_.take_left_out());
}

void DecisionLog::note(AclLogEntry entry, const ClientState& client, const ClientActivity& activity) {
  const std::int64_t now_ms = steady_ms();
  entry.client_info = client_info_line(client, activity, now_ms);
  entry.client_info.pop_back();  // the newline
  entry.last_ms = now_ms;
  entry.last_unix_ms = unix_ms();
  denials_.note(std::move(entry));
}

void DecisionLog::record_refusal(const Verdict& verdict, const ClientState& client, const ClientActivity& activity) {
  const std::string_view name = verdict.spec != nullptr ? verdict.spec->name : std::string_view();
  metrics_.count_denial(client.listener, client.principal, name, counted_reason(verdict));
  AclLogEntry entry;
  entry.reason = acl_log_reason_of(counted_reason(verdict));
  entry.context = verdict.in_transaction ? AclLogEntry::Context::kMulti : AclLogEntry::Context::kTopLevel;
  entry.object = log_text(refused_object(verdict));
  if (client.principal != nullptr) entry.username = log_text(client.principal->name());
  note(std::move(entry), client, activity);
  write(Kind::kDenied, verdict, client, audited_reason(verdict), "denied");
}

void DecisionLog::write(Kind kind, const Verdict& verdict, const ClientState& client, std::string reason, std::string outcome) {
  if (!audit_.wants(kind)) return;
  AuditEvent event;
  event.kind = kind;
  event.session = client.id;
  event.listener = client.listener_name;
  event.peer = client.peer;
  event.identity = client.identity;
  event.user = kind == Kind::kAuth           ? std::string(verdict.login_name.substr(0, kAuditTextBytes))
               : client.principal != nullptr ? client.principal->name()
                                             : "";
  event.command = command_name(verdict);
  event.reason = std::move(reason);
  if (names_an_argument(verdict)) event.key = verdict.args[verdict.decision.arg].substr(0, kAuditTextBytes);
  if (kind != Kind::kAuth) tell_touches(verdict, event);
  const bool is_another = verdict.ruled != nullptr && verdict.spec != nullptr && verdict.ruled != verdict.spec;
  if (is_another) event.detail = "sent as " + std::string(verdict.ruled->name);
  if (!verdict.token_fault.empty()) event.detail = "token: " + std::string(verdict.token_fault);
  event.verdict = std::move(outcome);
  event.generation = client.policy->generation();
  audit_.write(std::move(event));
}

// Bounded, whatever the command holds.
void DecisionLog::tell_touches(const Verdict& verdict, AuditEvent& event) {
  // Of a command that was refused by its name, the arguments were let go.
  if (verdict.spec == nullptr || !verdict.spec->arity_fits(verdict.args.size())) return;
  const protocol::Targets& targets = finder_.find(*verdict.spec, verdict.args);
  std::size_t room = kAuditTouchBytes;
  const auto tell = [&](AuditTouch::Kind kind, std::string_view name) {
    name = name.substr(0, kAuditTextBytes);
    if (event.touches.size() == kAuditTouches || name.size() > room) {
      ++event.touches_left_out;
      return;
    }
    room -= name.size();
    event.touches.push_back({kind, std::string(name)});
  };
  for (const protocol::KeyRef& key : targets.keys()) tell(kind_of(key.access), verdict.args[key.arg]);
  for (const protocol::ChannelRef& channel : targets.channels())
    tell(channel.is_pattern ? AuditTouch::Kind::kChannelPattern : AuditTouch::Kind::kChannel, verdict.args[channel.arg]);
  const bool reads_every_key = targets.reach() == protocol::Reach::kAnyKeyBy || targets.reach() == protocol::Reach::kAnyKeyGet;
  if (reads_every_key) tell(AuditTouch::Kind::kEveryKey, "");
}

}  // namespace respgate::proxy
