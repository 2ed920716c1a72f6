// Tells metrics, audit, ACL LOG and the log what the gate decided.  The one place where
// a verdict becomes a counter and a line, so that all of them tell the same.  One for
// each worker, on its thread; what it tells is thread-safe.
//
// A failed login is also a line of the log, for fail2ban and its like:
//   authentication failed source=192.0.2.1 listener=gateway user="…" reason=wrong_password left_out=0
// What a client chose comes behind the source and is escaped, so that it cannot name
// another.  At most 20 lines a second of a worker; the next says how many were left out.
#pragma once

#include <atomic>
#include <string>

#include "protocol/targets.h"
#include "proxy/audit/audit_log.h"
#include "proxy/common/log_quota.h"
#include "proxy/gate/client_info.h"
#include "proxy/gate/client_state.h"
#include "proxy/gate/verdict.h"
#include "proxy/metrics/metrics.h"
#include "proxy/reception/certificate_login.h"
#include "proxy/session/denial_record.h"

namespace respgate::proxy {

class DecisionLog {
 public:
  DecisionLog(Metrics& metrics, AuditLog& audit, DenialRecord& denials)
      : metrics_(metrics), audit_(audit), audit_refuses_(audit.refuses()), denials_(denials) {}

  // REQUIRES: verdict.noteworthy() or audit of allowed commands is on.
  void record(const Verdict& verdict, const ClientState& client, const ClientActivity& activity);
  // A client certificate's login: as whom, or why not.  Not yet a session's.
  void record_certificate(const CertificateLogin& login, const ClientState& client);
  bool records_allowed() const { return audit_.wants(AuditEvent::Kind::kAllowed); }
  // Asked before each command; see AuditLog::refuses().
  bool audit_refuses() const { return audit_refuses_.load(std::memory_order_relaxed); }

 private:
  void record_login(const Verdict& verdict, const ClientState& client, const ClientActivity& activity);
  void record_rule(const Verdict& verdict, const ClientState& client);
  void record_refusal(const Verdict& verdict, const ClientState& client, const ClientActivity& activity);
  // `token_fault`: empty, or more of it.
  void log_failed_login(const ClientState& client, std::string_view user, acl::AuthOutcome reason, std::string_view token_fault = {});
  void note(AclLogEntry entry, const ClientState& client, const ClientActivity& activity);
  void write(AuditEvent::Kind kind, const Verdict& verdict, const ClientState& client, std::string reason, std::string outcome);
  void tell_touches(const Verdict& verdict, AuditEvent& event);

  Metrics& metrics_;
  AuditLog& audit_;
  const std::atomic<bool>& audit_refuses_;
  protocol::TargetFinder finder_;
  DenialRecord& denials_;
  LogQuota failed_logins_log_{20};
};

}  // namespace respgate::proxy
