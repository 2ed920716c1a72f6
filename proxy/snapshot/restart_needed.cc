#include "proxy/snapshot/restart_needed.h"

#include <algorithm>
#include <string>

namespace respgate::proxy {
namespace {

// A unix socket gets its mode before anybody can connect to it, and keeps it.
bool is_mode_another(const Config& running, const ListenerConfig& wanted) {
  const auto same_socket = [&](const ListenerConfig& listener) { return listener.address == wanted.address; };
  const auto found = std::find_if(running.listeners.begin(), running.listeners.end(), same_socket);
  return wanted.address.kind == Address::Kind::kUnix && found != running.listeners.end() && found->unix_mode != wanted.unix_mode;
}

}  // namespace

void keep_what_was_found(const Config& running, Config& wanted) {
  if (wanted.workers_are_automatic) wanted.workers = running.workers;
}

std::vector<ConfigError> restart_needed(const Config& running, const Config& wanted) {
  ErrorLog errors(wanted.file.string());
  const auto need_restart = [&](bool is_needed, const std::string& path) {
    if (is_needed) errors.add(wanted.places.of(path), path, "cannot change while running: restart to apply, or write what was there");
  };
  need_restart(running.workers != wanted.workers, "workers");
  for (std::size_t i = 0; i < wanted.listeners.size(); ++i)
    need_restart(is_mode_another(running, wanted.listeners[i]), "listeners[" + std::to_string(i) + "].mode");
  need_restart(running.audit.file != wanted.audit.file, "audit.file");
  need_restart(running.audit.key_file != wanted.audit.key_file, "audit.key_file");
  need_restart(running.audit.keys != wanted.audit.keys, "audit.keys");
  const auto emf_file = [](const Config& config) { return config.emf ? config.emf->file : std::string(); };
  need_restart(emf_file(running) != emf_file(wanted), wanted.emf ? "metrics.cloudwatch_emf.file" : "metrics");
  need_restart(running.admin.address != wanted.admin.address, "admin.address");
  need_restart(running.admin.health_address != wanted.admin.health_address, "admin.health_address");
  need_restart(running.takeover_socket != wanted.takeover_socket, "shutdown.takeover_socket");
  return errors.take();
}

}  // namespace respgate::proxy
