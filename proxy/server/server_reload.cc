// A reload: what is new is loaded and opened before anything changes, and then put in
// the place of the old, in every worker.  One at a time; those asked for meanwhile are
// answered by the next, which reads everything after they were asked for.
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "proxy/server/gather.h"
#include "proxy/server/server.h"
#include "proxy/snapshot/restart_needed.h"

namespace respgate::proxy {
namespace {

using Errors = std::vector<ConfigError>;

std::string all_lines(const ConfigErrors& errors) {
  std::string text;
  for (const ConfigError& error : errors.errors) text.append(text.empty() ? "" : "\n").append(to_string(error));
  return text;
}

void append(Errors& errors, const Errors& more) { errors.insert(errors.end(), more.begin(), more.end()); }

// A configuration that came from no file has none to be read again.
ConfigResult read_again(const Config& running) { return running.file.empty() ? ConfigResult(running) : load_config(running.file); }

// Where a listener of that address can go on accepting.  Ports that the system chose are told apart by name only.
std::optional<std::size_t> find_door(const Config& running, const ListenerConfig& wanted) {
  const bool is_any_port = wanted.address.kind == Address::Kind::kTcp && wanted.address.port == 0;
  const auto same = [&](const ListenerConfig& listener) {
    return listener.address == wanted.address && (!is_any_port || listener.name == wanted.name);
  };
  const auto found = std::find_if(running.listeners.begin(), running.listeners.end(), same);
  if (found == running.listeners.end()) return std::nullopt;
  return static_cast<std::size_t>(found - running.listeners.begin());
}

void remove_socket_file(const Address& address) {
  if (address.kind == Address::Kind::kUnix) ::unlink(address.path.c_str());
}

// What of `before` is nowhere in `now`; logged, and its socket files taken away.
void say_goodbye(const Config& before, const Config& now) {
  for (const ListenerConfig& listener : before.listeners) {
    if (find_door(now, listener)) continue;
    remove_socket_file(listener.address);
    spdlog::info("closed name={} address={}", listener.name, listener.address.text);
  }
}

std::vector<std::string> joined(std::vector<std::string> files, const std::vector<std::string>& more) {
  files.insert(files.end(), more.begin(), more.end());
  return files;
}

}  // namespace

void Server::reload(ReloadDone done) {
  is_reload_asked_ = true;
  queue_reload(std::move(done));
}

void Server::reload_changed_files() {
  queue_reload([](const std::string&) {});
}

void Server::queue_reload(ReloadDone done) {
  reloads_asked_.push_back(std::move(done));
  if (reloads_started_.empty()) begin_reload();
}

void Server::begin_reload() {
  reloads_started_ = std::exchange(reloads_asked_, {});
  if (draining_) return end_reload("the process is ending");
  manager_.reloading();
  Prepared change = prepare_change();
  if (!change) return end_reload(all_lines(change.error()));
  put_in_force(std::move(*change));
}

// Everything is validated, and every new address opened, before anything changes.
Server::Prepared Server::prepare_change() {
  watch_.catch_up();
  ConfigResult wanted = read_again(config());
  if (!wanted) return wanted.error();
  keep_what_was_found(config(), *wanted);
  watch_.watch(joined(files_behind(config()), files_behind(*wanted)));  // of a faulty one, too: repairing it is a change
  Errors errors = restart_needed(config(), *wanted);
  const SnapshotResult loaded = load_snapshot(*wanted, snapshot_->policy->generation() + 1);
  if (!loaded) append(errors, loaded.error().errors);
  if (loaded) check_admin(**loaded, errors);
  if (loaded) check_audit_key(**loaded, errors);
  if (!errors.empty()) return ConfigErrors{std::move(errors)};
  std::vector<DoorSource> doors = open_doors(config(), *wanted, errors);
  if (!errors.empty()) return ConfigErrors{std::move(errors)};
  return Change{*loaded, std::move(doors)};
}

// What an address turned out to be is only known to who listens there.
void Server::check_admin(const Snapshot& wanted, Errors& errors) const {
  if (!admin_ || !admin_->needs_token() || wanted.admin_token) return;
  const Position at = wanted.config.places.of("admin.address");
  errors.push_back({wanted.config.file.string(), at.line, at.column,
                    "admin.address: can be reached from other machines: write token_file: FILE, or listen on 127.0.0.1"});
}

// A chain is sealed with one key from its beginning to its end.
void Server::check_audit_key(const Snapshot& wanted, Errors& errors) const {
  const bool is_same_file = wanted.config.audit.key_file == config().audit.key_file;
  if (!is_same_file || wanted.audit_key == snapshot_->audit_key) return;
  const Position at = wanted.config.places.of("audit.key_file");
  errors.push_back({wanted.config.file.string(), at.line, at.column,
                    "audit.key_file: holds another key, which cannot change while running: restart to apply, or write what was there"});
}

// All of them or, with errors, none.
std::vector<Server::DoorSource> Server::open_doors(const Config& running, const Config& wanted, Errors& errors) {
  std::vector<DoorSource> doors;
  for (std::size_t i = 0; i < wanted.listeners.size(); ++i) {
    doors.push_back({find_door(running, wanted.listeners[i]), {}});
    if (doors.back().open_door) continue;
    try {
      doors.back().sockets = open_listener(wanted.listeners[i], wanted.workers);
    } catch (const std::system_error& error) {
      const std::string path = "listeners[" + std::to_string(i) + "].address";
      const Position at = wanted.places.of(path);
      errors.push_back({wanted.file.string(), at.line, at.column, path + ": " + error.what()});
    }
  }
  if (errors.empty()) return doors;
  for (std::size_t i = 0; i < doors.size(); ++i)
    if (!doors[i].sockets.empty()) remove_socket_file(wanted.listeners[i].address);
  return {};
}

void Server::put_in_force(Change change) {
  const SnapshotPtr before = std::exchange(snapshot_, std::move(change.snapshot));
  for (std::size_t i = 0; i < change.doors.size(); ++i) {
    const ListenerConfig& listener = config().listeners[i];
    if (!change.doors[i].open_door)
      spdlog::info("listening name={} address={} port={}", listener.name, listener.address.text,
                   local_port(change.doors[i].sockets.front().descriptor()));
  }
  say_goodbye(before->config, config());
  auto plans = std::make_shared<std::vector<std::vector<DoorPlan>>>(plans_of(config(), std::move(change.doors)));
  tell_of_snapshot();
  metrics_.rename_node(config().upstream.nodes.front().text);
  audit_.adopt(config().audit);
  if (admin_) admin_->adopt(config().admin.hosts, snapshot_->admin_token);
  watch_.watch(files_behind(config()));
  keep_aws_credentials();
  gather<bool>(
      workers_, [this](std::function<void()> f) { boost::asio::post(io_, std::move(f)); },
      [plans, snapshot = snapshot_](Worker& worker, const std::function<void(bool)>& take) {
        worker.adopt(snapshot, std::move((*plans)[worker.index()]));  // each its own
        take(true);
      },
      [this](const std::vector<bool>&) { end_reload(""); });
}

void Server::end_reload(const std::string& problem) {
  const bool is_news = std::exchange(is_reload_asked_, false) || problem != last_problem_;
  last_problem_ = problem;
  metrics_.count_reload(problem.empty(), std::time(nullptr));
  if (problem.empty()) {
    spdlog::info("reloaded generation={} users={} enforcement={}", snapshot_->policy->generation(), snapshot_->policy->principals().size(),
                 enforcement());
  } else if (is_news) {
    spdlog::error("reload failed, the policy of generation {} stays in force:\n{}", snapshot_->policy->generation(), problem);
  }
  if (problem.empty() || is_news) audit(AuditEvent::Kind::kReload, problem.empty() ? "ok" : "failed", problem);
  if (!draining_) manager_.ready(status());
  for (const ReloadDone& done : std::exchange(reloads_started_, {})) done(problem);
  if (!reloads_asked_.empty()) begin_reload();
}

// For the service manager's users.
std::string Server::status() const {
  const std::string generation = std::to_string(snapshot_->policy->generation());
  if (!last_problem_.empty()) return "the last reload failed, the configuration of generation " + generation + " is in force";
  return "serving, configuration of generation " + generation;
}

}  // namespace respgate::proxy
