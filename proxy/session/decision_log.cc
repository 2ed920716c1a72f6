#include "proxy/session/decision_log.h"

#include <string>
#include <utility>

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

bool names_an_argument(const Verdict& verdict) {
  const Reason reason = verdict.decision.reason;
  const bool by_target = reason == Reason::kKey || reason == Reason::kChannel;
  return (verdict.refusal == Refusal::kAcl || verdict.observed) && by_target && verdict.decision.arg < verdict.args.size();
}

}  // namespace

void DecisionLog::record(const Verdict& verdict, const ClientState& client) {
  if (verdict.login_attempted) record_login(verdict, client);
  if (verdict.rule.kind != acl::RuleOutcome::Kind::kNone) record_rule(verdict, client);
  if (verdict.observed) {
    metrics_.count_observed_denial(*client.principal, command_name(verdict), counted_reason(verdict));
    write(Kind::kObserved, verdict, client, std::string(acl::reason_name(verdict.decision.reason)), "observed");
  } else if (verdict.refusal == Refusal::kAcl || verdict.refusal == Refusal::kRule || verdict.refusal == Refusal::kUnknown ||
             verdict.refusal == Refusal::kUnavailable) {
    record_refusal(verdict, client);
  } else if (records_allowed() && verdict.refusal == Refusal::kNone && !verdict.login_attempted) {
    write(Kind::kAllowed, verdict, client, "", "allowed");
  }
}

void DecisionLog::record_login(const Verdict& verdict, const ClientState& client) {
  const bool ok = verdict.login == acl::AuthOutcome::kOk;
  if (!ok) metrics_.count_auth_failure(client.listener, client.policy->find(verdict.login_name), verdict.login);
  write(Kind::kAuth, verdict, client, ok ? "" : std::string(acl::auth_outcome_name(verdict.login)), ok ? "ok" : "failed");
}

void DecisionLog::record_certificate(const CertificateLogin& login, const ClientState& client) {
  const bool ok = login.why_not.empty();
  if (!ok) metrics_.count_auth_failure(client.listener, client.policy->find(login.user), acl::AuthOutcome::kCertificate);
  if (!audit_.wants(Kind::kAuth)) return;
  AuditEvent event;
  event.kind = Kind::kAuth;
  event.session = client.id;
  event.listener = client.listener_name;
  event.peer = client.peer;
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

void DecisionLog::record_refusal(const Verdict& verdict, const ClientState& client) {
  const std::string_view name = verdict.spec != nullptr ? verdict.spec->name : std::string_view();
  metrics_.count_denial(client.listener, client.principal, name, counted_reason(verdict));
  write(Kind::kDenied, verdict, client, audited_reason(verdict), "denied");
}

void DecisionLog::write(Kind kind, const Verdict& verdict, const ClientState& client, std::string reason, std::string outcome) {
  if (!audit_.wants(kind)) return;
  AuditEvent event;
  event.kind = kind;
  event.session = client.id;
  event.listener = client.listener_name;
  event.peer = client.peer;
  event.user = kind == Kind::kAuth           ? std::string(verdict.login_name.substr(0, kAuditTextBytes))
               : client.principal != nullptr ? client.principal->name()
                                             : "";
  event.command = command_name(verdict);
  event.reason = std::move(reason);
  if (names_an_argument(verdict)) event.key = verdict.args[verdict.decision.arg].substr(0, kAuditTextBytes);
  event.verdict = std::move(outcome);
  event.generation = client.policy->generation();
  audit_.write(std::move(event));
}

}  // namespace respgate::proxy
