#include "proxy/server.h"

#include <csignal>
#include <ctime>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "proxy/clock.h"
#include "proxy/policy_loader.h"
#include "proxy/session.h"

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

Server::Server(Config config, acl::PolicyPtr policy, const std::vector<std::string>& upstream_passwords)
    : config_(std::make_shared<const Config>(std::move(config))),
      policy_(std::move(policy)),
      metrics_(listener_names(*config_), config_->upstream.nodes.front().text, config_->workers),
      audit_(config_->audit, [this](std::uint64_t n) { metrics_.count_audit_dropped(n); }),
      shares_(config_->listeners.size()),
      signals_(io_),
      timer_(io_),
      watch_timer_(io_),
      password_file_(config_->upstream.password_file) {
  metrics_.know_users(*policy_);
  metrics_.note_start(std::time(nullptr));
  std::vector<std::vector<ListeningSocket>> of_worker(config_->workers);
  for (const ListenerConfig& listener : config_->listeners) {
    std::vector<ListeningSocket> sockets = open_listener(listener, config_->workers);
    ports_.push_back(local_port(sockets.front().descriptor()));
    for (std::size_t i = 0; i < sockets.size(); ++i) of_worker[i].push_back(std::move(sockets[i]));
  }
  const ProcessParts parts{shares_, metrics_, audit_, next_client_id_, directory_, workers_};
  for (std::size_t i = 0; i < config_->workers; ++i) {
    WorkerSettings settings{i, config_, policy_, upstream_passwords};
    workers_.push_back(std::make_unique<Worker>(std::move(settings), std::move(of_worker[i]), parts));
  }
  if (config_->admin.address || config_->admin.health_address) admin_ = std::make_unique<AdminServer>(io_, config_->admin, admin_backend());
}

Server::~Server() {
  for (const auto& worker : workers_) worker->stop();
}

int Server::run() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  wait_for_signal();
  watch_password();
  for (const auto& worker : workers_) worker->start();
  for (std::size_t i = 0; i < config_->listeners.size(); ++i)
    spdlog::info("listening name={} address={} port={}", config_->listeners[i].name, config_->listeners[i].address.text, ports_[i]);
  spdlog::info("started workers={} upstream={} users={}", workers_.size(), config_->upstream.nodes.front().text,
               policy_->principals().size());
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
    spdlog::info("reloaded generation={} users={}", policy_->generation(), policy_->principals().size());
  } else {
    spdlog::error("reload failed, the policy of generation {} stays in force:\n{}", policy_->generation(), problem);
  }
  audit(AuditEvent::Kind::kReload, problem.empty() ? "ok" : "failed", problem);
  return problem;
}

// Everything is validated before anything changes.
std::string Server::load_and_swap() {
  boost::system::result<Config, std::string> fresh = reloaded_config();
  if (!fresh) return fresh.error();
  PolicyResult policy = load_policy(*fresh, policy_->generation() + 1);
  if (!policy) return all_lines(policy.error());
  boost::system::result<UpstreamPasswords, ConfigErrors> passwords = load_upstream_passwords(*fresh);
  if (!passwords) return all_lines(passwords.error());

  policy_ = *policy;
  metrics_.know_users(*policy_);
  use_passwords(passwords->newest_first);
  for (const auto& worker : workers_) worker->post([policy = policy_](Worker& self) { self.adopt(policy); });
  return {};
}

// The next lane that is dialled logs in with these.
void Server::use_passwords(const std::vector<std::string>& newest_first) {
  for (const auto& worker : workers_) worker->post([newest_first](Worker& self) { self.set_upstream_passwords(newest_first); });
}

void Server::watch_password() {
  watch_timer_.expires_after(kWatchEvery);
  watch_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (password_file_.has_changed()) {
      const auto passwords = load_upstream_passwords(*config_);
      if (passwords) {
        use_passwords(passwords->newest_first);
        spdlog::info("read the upstream password again file={}", config_->upstream.password_file);
      } else {
        spdlog::error("the upstream password stays as it was:\n{}", all_lines(passwords.error()));
      }
    }
    watch_password();
  });
}

// The configuration as it is now in its file, if only what decides about commands has changed: the rest was used
// when the sockets were opened.
boost::system::result<Config, std::string> Server::reloaded_config() const {
  if (config_->file.empty()) return *config_;
  ConfigResult fresh = load_config(config_->file);
  if (!fresh) return {boost::system::in_place_error, all_lines(fresh.error())};
  Config as_started = *fresh;
  as_started.users_file = config_->users_file;
  as_started.groups = config_->groups;
  as_started.commands = config_->commands;
  as_started.policy = config_->policy;
  if (describe_config(as_started) != describe_config(*config_))
    return {boost::system::in_place_error,
            config_->file.string() + ": only users, groups and commands can change while running; restart to apply the rest"};
  return *fresh;
}

// --------------------------------------------------------------------------------------------- the end

void Server::drain() {
  if (std::exchange(draining_, true)) return;
  spdlog::info("draining grace_ms={}", config_->shutdown_grace.count());
  drain_deadline_ms_ = steady_ms() + config_->shutdown_grace.count();
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
  event.generation = policy_->generation();
  audit_.write(std::move(event));
}

}  // namespace respgate::proxy
