#include "proxy/server.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <map>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "proxy/clock.h"
#include "proxy/session.h"
#include "proxy/warnings.h"

namespace respgate::proxy {
namespace {

constexpr auto kDrainPoll = std::chrono::milliseconds(50);
constexpr auto kWatchEvery = std::chrono::seconds(1);

std::vector<std::string> listener_names(const Config& config) {
  std::vector<std::string> names;
  names.reserve(config.listeners.size());
  for (const ListenerConfig& listener : config.listeners) names.push_back(listener.name);
  return names;
}

std::string all_lines(const ConfigErrors& errors) {
  std::string text;
  for (const ConfigError& error : errors.errors) text.append(text.empty() ? "" : "\n").append(to_string(error));
  return text;
}

}  // namespace

Server::Server(SnapshotPtr snapshot)
    : snapshot_(std::move(snapshot)),
      metrics_(listener_names(config()), config().upstream.nodes.front().text, config().workers),
      audit_(config().audit, [this](std::uint64_t n) { metrics_.count_audit_dropped(n); }),
      shares_(config().listeners.size()),
      signals_(io_),
      timer_(io_),
      watch_timer_(io_),
      password_file_(config().upstream.password_file) {
  tell_of_snapshot();
  metrics_.note_start(std::time(nullptr));
  std::vector<std::vector<ListeningSocket>> of_worker(config().workers);
  for (const ListenerConfig& listener : config().listeners) {
    std::vector<ListeningSocket> sockets = open_listener(listener, config().workers);
    ports_.push_back(local_port(sockets.front().descriptor()));
    for (std::size_t i = 0; i < sockets.size(); ++i) of_worker[i].push_back(std::move(sockets[i]));
  }
  const ProcessParts parts{shares_, metrics_, audit_, next_client_id_, directory_, workers_};
  for (std::size_t i = 0; i < config().workers; ++i)
    workers_.push_back(std::make_unique<Worker>(i, snapshot_, std::move(of_worker[i]), parts));
  const AdminConfig& admin = config().admin;
  if (admin.address || admin.health_address) admin_ = std::make_unique<AdminServer>(io_, admin, admin_backend());
}

Server::~Server() {
  for (const auto& worker : workers_) worker->stop();
}

int Server::run() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  wait_for_signal();
  watch_password();
  for (const auto& worker : workers_) worker->start();
  for (std::size_t i = 0; i < config().listeners.size(); ++i)
    spdlog::info("listening name={} address={} port={}", config().listeners[i].name, config().listeners[i].address.text, ports_[i]);
  spdlog::info("started workers={} upstream={} users={}", workers_.size(), config().upstream.nodes.front().text,
               snapshot_->policy->principals().size());
  io_.run();
  for (const auto& worker : workers_) worker->stop();
  audit_.flush();
  spdlog::info("stopped");
  return 0;
}

void Server::stop() {
  boost::asio::post(io_, [this] { drain(); });
}

// --------------------------------------------------------------------------------------------- signals

void Server::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& cancelled, int signal) {
    if (cancelled) return;
    on_signal(signal);
    wait_for_signal();
  });
}

void Server::on_signal(int signal) {
  if (signal == SIGHUP) {
    audit_.reopen();  // whatever becomes of the reload
    reload();
  } else if (draining_) {
    spdlog::warn("second signal: stopping at once");
    finish();
  } else {
    drain();
  }
}

// --------------------------------------------------------------------------------------------- reload

std::string Server::reload() {
  std::string problem = load_and_swap();
  metrics_.count_reload(problem.empty(), std::time(nullptr));
  if (problem.empty()) {
    spdlog::info("reloaded generation={} users={}", snapshot_->policy->generation(), snapshot_->policy->principals().size());
  } else {
    spdlog::error("reload failed, the policy of generation {} stays in force:\n{}", snapshot_->policy->generation(), problem);
  }
  audit(AuditEvent::Kind::kReload, problem.empty() ? "ok" : "failed", problem);
  return problem;
}

// What is in force from now on, for those who watch.
void Server::tell_of_snapshot() {
  metrics_.know_users(*snapshot_->policy);
  std::map<std::string, std::int64_t> not_after;
  for (std::size_t i = 0; i < config().listeners.size(); ++i) {
    if (!snapshot_->tls.listeners[i]) continue;
    for (const tls::CertificateFacts& facts : snapshot_->tls.listeners[i]->certificates()) {
      const auto [at, is_new] = not_after.try_emplace(config().listeners[i].name, facts.not_after);
      if (!is_new) at->second = std::min(at->second, facts.not_after);
    }
  }
  metrics_.know_certificates(std::move(not_after));
  for (const std::string& warning : warnings_about(config())) spdlog::warn("{}", warning);
}

// Everything is validated before anything changes.
std::string Server::load_and_swap() {
  boost::system::result<Config, std::string> fresh = reloaded_config();
  if (!fresh) return fresh.error();
  SnapshotResult loaded = load_snapshot(std::move(*fresh), snapshot_->policy->generation() + 1);
  if (!loaded) return all_lines(loaded.error());
  snapshot_ = *loaded;
  tell_of_snapshot();
  for (const auto& worker : workers_) worker->post([snapshot = snapshot_](Worker& self) { self.adopt(snapshot); });
  return {};
}

void Server::watch_password() {
  watch_timer_.expires_after(kWatchEvery);
  watch_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (password_file_.has_changed()) reload();
    watch_password();
  });
}

// The configuration as it is now in its file, if only what decides about commands has changed: the rest was used
// when the sockets were opened.
boost::system::result<Config, std::string> Server::reloaded_config() const {
  if (config().file.empty()) return config();
  ConfigResult fresh = load_config(config().file);
  if (!fresh) return {boost::system::in_place_error, all_lines(fresh.error())};
  Config as_started = *fresh;
  as_started.users_file = config().users_file;
  as_started.groups = config().groups;
  as_started.commands = config().commands;
  as_started.policy = config().policy;
  if (describe_config(as_started) != describe_config(config()))
    return {boost::system::in_place_error,
            config().file.string() + ": only users, groups and commands can change while running; restart to apply the rest"};
  return *fresh;
}

// --------------------------------------------------------------------------------------------- the end

void Server::drain() {
  if (std::exchange(draining_, true)) return;
  spdlog::info("draining grace_ms={}", config().shutdown_grace.count());
  drain_deadline_ms_ = steady_ms() + config().shutdown_grace.count();
  for (const auto& worker : workers_) worker->post([](Worker& self) { self.drain(); });
  await_drained();
}

void Server::await_drained() {
  std::size_t open = 0;
  for (const ListenerShare& share : shares_) open += share.connections.load();
  if (open == 0 || steady_ms() >= drain_deadline_ms_) return finish();
  timer_.expires_after(kDrainPoll);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) await_drained();
  });
}

void Server::finish() {
  if (std::exchange(finished_, true)) return;
  if (admin_) admin_->stop();
  timer_.cancel();
  watch_timer_.cancel();
  signals_.cancel();
  io_.stop();
}

Readiness Server::readiness() const {
  if (draining_) return {false, "draining"};
  for (const auto& worker : workers_)
    if (Readiness one = worker->readiness(); !one.ready) return one;
  return {true, ""};
}

void Server::audit(AuditEvent::Kind kind, std::string verdict, std::string detail) {
  AuditEvent event;
  event.kind = kind;
  event.verdict = std::move(verdict);
  event.detail = std::move(detail);
  event.generation = snapshot_->policy->generation();
  audit_.write(std::move(event));
}

}  // namespace respgate::proxy
