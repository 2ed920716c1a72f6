// Tells metrics and audit what the gate decided.  The one place where a verdict
// becomes a counter and a line.  Each worker has one.
#pragma once

#include <atomic>
#include <string>

#include "protocol/targets.h"
#include "proxy/audit/audit_log.h"
#include "proxy/gate/client_state.h"
#include "proxy/gate/verdict.h"
#include "proxy/metrics/metrics.h"
#include "proxy/reception/certificate_login.h"

namespace respgate::proxy {

class DecisionLog {
 public:
  DecisionLog(Metrics& metrics, AuditLog& audit) : metrics_(metrics), audit_(audit), audit_refuses_(audit.refuses()) {}

  // REQUIRES: verdict.noteworthy() or audit of allowed commands is on.
  void record(const Verdict& verdict, const ClientState& client);
  // A client certificate's login: as whom, or why not.  Not yet a session's.
  void record_certificate(const CertificateLogin& login, const ClientState& client);
  bool records_allowed() const { return audit_.wants(AuditEvent::Kind::kAllowed); }
  // Asked before each command; see AuditLog::refuses().
  bool audit_refuses() const { return audit_refuses_.load(std::memory_order_relaxed); }

 private:
  void record_login(const Verdict& verdict, const ClientState& client);
  void record_rule(const Verdict& verdict, const ClientState& client);
  void record_refusal(const Verdict& verdict, const ClientState& client);
  void write(AuditEvent::Kind kind, const Verdict& verdict, const ClientState& client, std::string reason, std::string outcome);
  void tell_touches(const Verdict& verdict, AuditEvent& event);

  Metrics& metrics_;
  AuditLog& audit_;
  const std::atomic<bool>& audit_refuses_;
  protocol::TargetFinder finder_;
};

}  // namespace respgate::proxy
