// SEC 4: what respgate has to say of encryption at rest, and SEC 5: encryption on the way.
#include "proxy/common/log_text.h"
#include "proxy/posture/sections.h"

namespace respgate::proxy {
namespace {

constexpr int kAtRest = 4, kOnTheWay = 5;
constexpr std::int64_t kSecondsOfDay = 86'400, kWarnDays = 30;

void judge_key_file(const Snapshot& snapshot, const CertificateConfig& certificate, Findings& findings) {
  if (is_readable_by_all(snapshot, certificate.key_file))
    findings.warn(kOnTheWay, "key_file " + path_text(certificate.key_file) + " may be read by everybody on this machine",
                  "who has the key can pose as this end", "chmod o-r it");
}

// `loss`: what a certificate that is over costs.
void judge_certificate(const std::string& holder, const tls::CertificateFacts& facts, std::int64_t now_s, const std::string& loss,
                       Findings& findings) {
  const std::string certificate = holder + ": certificate " + path_text(facts.file);
  const std::string date = tls::utc_text(facts.not_after).substr(0, std::string_view("2026-11-24").size());
  const std::string write = "renew it; a changed file is taken up while running";
  // None is loaded that has ended, but time goes on while it is used.
  if (now_s > facts.not_after) return findings.fail(kOnTheWay, certificate + " ended on " + date, loss, write);
  const std::int64_t days = (facts.not_after - now_s) / kSecondsOfDay;
  const std::string what = certificate + " ends on " + date + ", in " + counted(static_cast<std::size_t>(days), "day");
  if (days < kWarnDays)
    findings.warn(kOnTheWay, what, loss + " afterwards", write);
  else
    findings.ok(kOnTheWay, what);
}

void judge_listener(const Snapshot& snapshot, const ListenerConfig& listener, std::int64_t now_s, Findings& findings) {
  const std::string name = listener_text(listener);
  if (listener.tls) {
    const bool only_13 = listener.tls->min_version == tls::Version::kTls13;
    findings.ok(kOnTheWay, name + (only_13 ? ": TLS 1.3" : ": TLS 1.2 and 1.3"));
    for (const tls::CertificateFacts& facts : tls_context_of(snapshot, listener)->certificates())
      judge_certificate(name, facts, now_s, "no client gets in", findings);
    for (const CertificateConfig& certificate : listener.tls->certificates) judge_key_file(snapshot, certificate, findings);
  } else if (listener.address.is_loopback()) {
    findings.ok(kOnTheWay, name + ": plain text that does not leave this machine");
  } else {
    findings.fail(kOnTheWay, name + ": unsafe_plaintext", "passwords and data can be read on the network", "write a tls section");
  }
}

void judge_upstream(const Snapshot& snapshot, std::int64_t now_s, Findings& findings) {
  const UpstreamConfig& upstream = snapshot.config.upstream;
  const Address& node = upstream.nodes.front();
  const std::string name = "the node (" + path_text(node.text) + ")";
  if (!upstream.tls && node.is_loopback()) {
    findings.ok(kOnTheWay, name + ": plain text that does not leave this machine");
  } else if (!upstream.tls) {
    findings.fail(kOnTheWay, name + ": plain text", "the proxy's password and everybody's data can be read and changed on the network",
                  "write upstream.tls: {}, and turn on encryption in transit at the node");
  } else if (upstream.tls->verify == tls::Verify::kUnsafeNone) {
    findings.fail(kOnTheWay, "upstream.tls.verify: unsafe_none", "whoever stands in between can read and change everything",
                  "write verify: full, and ca_file if the authority is your own");
  } else if (upstream.tls->verify == tls::Verify::kChain) {
    findings.warn(kOnTheWay, "upstream.tls.verify: chain", "whoever has a certificate of the same authorities can stand in between",
                  "write verify: full, and server_name if the certificate has another name");
  } else {
    findings.ok(kOnTheWay, name + ": TLS, certificate and name verified");
  }
  if (!upstream.tls || !upstream.tls->certificate) return;
  for (const tls::CertificateFacts& facts : snapshot.tls.upstream->certificates())
    judge_certificate(name, facts, now_s, "a node that asks for it lets no lane in", findings);
  judge_key_file(snapshot, *upstream.tls->certificate, findings);
}

}  // namespace

void judge_storage(Findings& findings) {
  findings.ok(kAtRest, "respgate stores no value, and encrypts none: at rest they are as the node keeps them",
              "ElastiCache: turn on encryption at rest, in most versions when the cache is created");
}

void judge_wires(const Snapshot& snapshot, std::int64_t now_s, Findings& findings) {
  for (const ListenerConfig& listener : snapshot.config.listeners) judge_listener(snapshot, listener, now_s, findings);
  judge_upstream(snapshot, now_s, findings);
}

}  // namespace respgate::proxy
