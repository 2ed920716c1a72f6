#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/core_dumps.h"
#include "proxy/cli/logging.h"
#include "proxy/common/log_text.h"
#include "proxy/server/server.h"
#include "proxy/snapshot/snapshot.h"
#include "tls/record_memory.h"

namespace respgate::proxy {
namespace {

constexpr std::uint64_t kFirstGeneration = 1;

void print(const ConfigErrors& errors) {
  for (const ConfigError& error : errors.errors) std::fprintf(stderr, "%s\n", to_string(error).c_str());
}

// A connection is a descriptor: take as many as the system lets us have.
void raise_descriptor_limit() {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

using OnListening = std::function<void(const std::vector<std::uint16_t>&)>;

int serve(const Config& config, const LogOptions& log, bool takes_over, const OnListening& on_listening) {
  if (!set_up_logging(log)) {
    std::fprintf(stderr,
                 "respgate: unknown log level or format: write --log-level trace|debug|info|warn|error|off, --log-format text|json\n");
    return kExitUsage;
  }
  if (const std::string_view why = tls::why_no_record_memory(); !why.empty()) {
    spdlog::debug("each TLS record takes its buffers from the C library why=\"{}\"", why);
  }
  const SnapshotResult snapshot = load_snapshot(config, kFirstGeneration);
  if (!snapshot) {
    print(snapshot.error());
    return kExitConfig;
  }
  raise_descriptor_limit();
  try {
    Server server(*snapshot, takes_over ? Inheritance::ask(config.takeover_socket) : Inheritance());
    if (on_listening) on_listening(server.ports());
    return server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "respgate: %s\n", one_line(error.what()).c_str());
    return kExitConfig;
  }
}

}  // namespace

int run_proxy(const RunOptions& options) {
  if (!options.core_dumps) forbid_core_dumps();
  const ConfigResult config = load_config(options.config_file);
  if (!config) {
    print(config.error());
    return kExitConfig;
  }
  if (options.takes_over && config->takeover_socket.empty()) {
    std::fprintf(stderr, "respgate: --takeover needs shutdown: {takeover_socket: FILE} in %s\n", one_line(options.config_file).c_str());
    return kExitConfig;
  }
  return serve(*config, options.log, options.takes_over, {});
}

int run_proxy(const Config& config, const LogOptions& log, const OnListening& on_listening) {
  return serve(config, log, false, on_listening);
}

}  // namespace respgate::proxy
