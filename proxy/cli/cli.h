// The subcommands of respgate, one function each; main.cc reads the command line and
// calls one of them.  Each returns the exit code of the process: 0 clean, 1
// configuration, 2 usage or denied (explain), 70 internal; audit verify has its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proxy/config/config.h"

namespace respgate::proxy {

inline constexpr int kExitOk = 0;
inline constexpr int kExitConfig = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInternal = 70;

struct LogOptions {
  std::string level = "info";   // trace debug info warn error off
  std::string format = "text";  // text | json
};

struct RunOptions {
  std::string config_file;
  bool core_dumps = false;
  bool takes_over = false;
  LogOptions log;
};
// respgate run: serves until a signal.
int run_proxy(const RunOptions& options);
// The same with a configuration that is already loaded (respgate dev).  `on_listening(port)` is called once the
// listeners are open, with the port of each.
int run_proxy(const Config& config, const LogOptions& log,
              const std::function<void(const std::vector<std::uint16_t>& ports)>& on_listening);

struct CheckOptions {
  std::string config_file;
  bool strict = false;  // exit 1 on any finding of the posture report that is not ok
};
int run_check(const CheckOptions& options);

struct ExplainOptions {
  std::string config_file;
  std::string user;
  std::string listener;  // empty: the first
  std::vector<std::string> command;
};
int run_explain(const ExplainOptions& options);

struct ImportOptions {
  std::string source;  // "elasticache", or empty with from_server
  std::string users_file, groups_file, group;
  std::string from_server;  // host:port or unix:/path
  bool tls = false;
  std::string ca_file, server_name;  // empty: the system's; the host
  std::string user, password_file;
  bool unsafe_plaintext = false;  // a login and hashes over the network without TLS
};
// The result goes to stdout, every change and loss to stderr.
int run_import(const ImportOptions& options);

struct DevOptions {
  std::string config_file;  // empty: the built-in sample
  std::optional<std::uint16_t> port;
  std::optional<std::uint16_t> tls_port;
  LogOptions log;
};
int run_dev(const DevOptions& options);

struct AuditVerifyOptions {
  std::vector<std::string> files;  // one: with those it was rotated to; several: as they are, oldest first; none: audit.file
  std::string key_file;            // empty: audit.key_file
  std::string config_file;
  std::string head;  // "41" or "41:<hex>"; empty: not known
};
// 0: whole; 1: cut or changed; 2: cannot be said.
int run_audit_verify(AuditVerifyOptions options);

struct SuggestOptions {
  std::vector<std::string> files;
  std::string user;  // empty: all
  bool counts_denied = false;
};
int run_suggest(const SuggestOptions& options);

int run_hash_password();
int run_version();

}  // namespace respgate::proxy
