// SEC 6: who can change or look into the proxy itself, and SEC 7: what of all that
// happens is recorded, and where it can be seen.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proxy/common/log_text.h"
#include "proxy/posture/sections.h"

namespace respgate::proxy {
namespace {

constexpr int kControl = 6, kDetection = 7;

void judge_token(const Snapshot& snapshot, Findings& findings) {
  if (!snapshot.admin_token || !snapshot.admin_token->is_short()) return;
  findings.warn(kControl,
                "admin.token_file " + path_text(snapshot.config.admin.token_file) + " holds a token of fewer than " +
                    std::to_string(AdminToken::kShortest) + " characters",
                "it can be guessed, and nobody is locked out there", "write what `openssl rand -hex 32` prints");
}

void judge_admin(const AdminConfig& admin, Findings& findings) {
  if (!admin.address) return findings.ok(kControl, "no admin port");
  const std::string name = "admin port " + path_text(admin.address->text);
  if (!admin.address->is_loopback()) {
    findings.warn(kControl, name + ": other machines can reach it, in plain text", "its token can be read on the network",
                  "write 127.0.0.1 or unix:/path, and go there over ssh or kubectl");
  } else if (admin.token_file.empty()) {
    findings.ok(kControl, name + ": for this machine; nobody can change anything (no token_file)");
  } else {
    findings.ok(kControl, name + ": for this machine; changes take a token");
  }
}

void judge_health(const AdminConfig& admin, Findings& findings) {
  if (!admin.health_address || admin.health_address->is_loopback()) return;
  findings.ok(kControl, "health_address " + path_text(admin.health_address->text) + ": other machines can reach it, without a token",
              "/metrics names users and counts their failures: let only those in the network reach it who need that");
}

// Files whose contents let somebody in.  Keys of certificates are SEC 5's.
std::vector<std::pair<std::string, std::string>> secret_files(const Snapshot& snapshot) {
  const Config& config = snapshot.config;
  std::vector<std::pair<std::string, std::string>> files{
      {"users.file", config.users_file}, {"admin.token_file", config.admin.token_file}, {"audit.key_file", config.audit.key_file}};
  for (const std::string& file : login_files(config)) files.emplace_back("password or key file", file);
  for (const ListenerConfig& listener : config.listeners) {
    if (!listener.tls) continue;
    for (const CertificateConfig& certificate : listener.tls->certificates)
      files.emplace_back("passphrase_file", certificate.passphrase_file);
  }
  return files;
}

std::string harm_of_reading(const std::string& kind) {
  if (kind == "users.file") return "weak passwords can be found from their hashes";
  if (kind == "audit.key_file") return "whoever reads it can give changed lines of the audit a chain that verifies";
  return "it lets in whoever reads it";
}

void judge_files(const Snapshot& snapshot, Findings& findings) {
  bool all_private = true;
  for (const auto& [kind, file] : secret_files(snapshot)) {
    if (file.empty() || !is_readable_by_all(snapshot, file)) continue;
    all_private = false;
    findings.warn(kControl, kind + " " + path_text(file) + " may be read by everybody on this machine", harm_of_reading(kind),
                  "chmod o-r it");
  }
  if (all_private) findings.ok(kControl, "files with secrets and hashes are not for everybody on this machine to read");
}

// One finding for each folder, however many files are reached through it.
void judge_folders(const Snapshot& snapshot, Findings& findings) {
  constexpr std::size_t kMostFiles = 3;
  std::map<std::string, std::vector<std::string>> files_by_folder;
  for (const auto& [file, folder] : snapshot.open_folders) files_by_folder[folder].push_back(path_text(file));
  for (const auto& [folder, files] : files_by_folder) {
    findings.warn(
        kControl, "folder " + path_text(folder) + " may be written by everybody on this machine",
        "whoever does can replace " + list_text(files, kMostFiles) + ", and decides in " + (files.size() == 1 ? "its" : "their") + " place",
        "chmod o-w the folder");
  }
}

// respgate makes it for itself and its group: that is how collectors of logs come to read it.
void judge_audit_readers(const Snapshot& snapshot, Findings& findings) {
  constexpr std::uint32_t kReadableByOthers = 04, kReadableByGroup = 040;
  if (!snapshot.audit_file.exists) return;
  const std::string what = "audit: " + path_text(snapshot.config.audit.file) + " may be read by ";
  const std::string chmod = "it, and the files that were rotated: the next ones are like it";
  if ((snapshot.audit_file.mode & kReadableByOthers) != 0) {
    findings.warn(kDetection, what + "everybody on this machine", "it tells who works with which keys, and from where",
                  "chmod o-r " + chmod);
  } else if ((snapshot.audit_file.mode & kReadableByGroup) != 0) {
    findings.ok(kDetection, what + "its group",
                "it tells who works with which keys, and from where: if nobody of the group collects it, chmod g-r " + chmod);
  }
}

void judge_events(const AuditConfig& audit, Findings& findings) {
  const std::string where = "audit: to " + path_text(audit.file);
  if (!audit.auth || !audit.denied) {
    std::string missing = audit.auth ? "denied" : audit.denied ? "auth" : "auth and denied";
    findings.warn(kDetection, where + ", without " + missing, "an attack shows in failed logins and refused commands first",
                  "write events: [auth, denied, admin, reload, observed]");
  } else {
    findings.ok(kDetection, where + (audit.allowed ? ", everything" : ", logins and refusals; what was allowed is not written (allowed)"));
  }
  if (!audit.key_file.empty())
    findings.ok(kDetection, "audit: each line vouches for those before it (key_file)", "respgate audit verify");
  else if (audit.file != "stdout")
    findings.warn(kDetection, "audit: no key_file", "who can write the file can change it, and nobody will see", "write key_file");
  if (audit.keys == AuditConfig::Keys::kPlain)
    findings.warn(kDetection, "audit.keys: plain", "names of keys hold names of people and orders, and the log keeps them",
                  "write keys: hash");
}

void judge_metrics(const Config& config, Findings& findings) {
  const std::optional<Address>& scraped = config.admin.health_address ? config.admin.health_address : config.admin.address;
  if (scraped) findings.ok(kDetection, "metrics: /metrics on " + path_text(scraped->text));
  if (config.emf) findings.ok(kDetection, "metrics: to CloudWatch by way of " + path_text(config.emf->file));
  if (!scraped && !config.emf)
    findings.warn(kDetection, "metrics: nobody can ask for them", "a brute force or a node out of step shows in no alarm",
                  "write admin.health_address, admin.address or metrics.cloudwatch_emf");
}

}  // namespace

void judge_operation(const Snapshot& snapshot, Findings& findings) {
  judge_admin(snapshot.config.admin, findings);
  judge_token(snapshot, findings);
  judge_health(snapshot.config.admin, findings);
  judge_files(snapshot, findings);
  judge_folders(snapshot, findings);
  findings.ok(kControl, "a crash leaves no core", "unless respgate is run with --core-dumps");
}

void judge_records(const Snapshot& snapshot, Findings& findings) {
  const Config& config = snapshot.config;
  if (config.audit.file.empty()) {
    findings.warn(kDetection, "no audit", "nobody can say afterwards who was let in and what was refused",
                  "write audit: {file: FILE}, or file: stdout");
  } else {
    judge_events(config.audit, findings);
    judge_audit_readers(snapshot, findings);
  }
  judge_metrics(config, findings);
}

}  // namespace respgate::proxy
