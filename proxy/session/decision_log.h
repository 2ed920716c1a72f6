// Tells metrics and audit what the gate decided.  The one place where a verdict
// becomes a counter and a line; used by every worker (thread-safe as its parts are).
#pragma once

#include "proxy/audit/audit_log.h"
#include "proxy/gate/client_state.h"
#include "proxy/gate/verdict.h"
#include "proxy/metrics/metrics.h"
#include "proxy/reception/certificate_login.h"

namespace respgate::proxy {

class DecisionLog {
 public:
  DecisionLog(Metrics& metrics, AuditLog& audit) : metrics_(metrics), audit_(audit) {}

  // REQUIRES: verdict.noteworthy() or audit of allowed commands is on.
  void record(const Verdict& verdict, const ClientState& client);
  // A client certificate's login: as whom, or why not.  Not yet a session's.
  void record_certificate(const CertificateLogin& login, const ClientState& client);
  bool records_allowed() const { return audit_.wants(AuditEvent::Kind::kAllowed); }

 private:
  void record_login(const Verdict& verdict, const ClientState& client);
  void record_rule(const Verdict& verdict, const ClientState& client);
  void record_refusal(const Verdict& verdict, const ClientState& client);
  void write(AuditEvent::Kind kind, const Verdict& verdict, const ClientState& client, std::string reason, std::string outcome);

  Metrics& metrics_;
  AuditLog& audit_;
};

}  // namespace respgate::proxy
