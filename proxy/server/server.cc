#include "proxy/server/server.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <map>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "proxy/common/clock.h"
#include "proxy/common/log_text.h"
#include "proxy/posture/posture.h"
#include "proxy/reception/keyed_error.h"
#include "proxy/session/session.h"

namespace respgate::proxy {
namespace {

constexpr auto kDrainPoll = std::chrono::milliseconds(50);
// How long a watched file must have stayed as it is before it is loaded.
constexpr auto kSettle = std::chrono::seconds(1);

// "listeners[1].address (public)"
std::string key_of(const Config& config, const ListenerConfig& listener) {
  const std::string key = "listeners[" + std::to_string(&listener - config.listeners.data()) + "].address";
  return listener.name == listener.address.text ? key : key + " (" + log_text(listener.name) + ")";
}

std::vector<ListeningSocket> open_door(Inheritance& inherited, const Config& config, const ListenerConfig& listener) try {
  return inherited.take_or_open(listener, config.workers);
} catch (const std::system_error& error) {
  throw with_key(key_of(config, listener), error);
}

}  // namespace

Server::Server(SnapshotPtr snapshot, Inheritance inherited)
    : snapshot_(std::move(snapshot)),
      metrics_({}, config().upstream.nodes.front().text, config().workers),
      audit_(
          config().audit, snapshot_->audit_key, [this](std::uint64_t n) { metrics_.count_audit_dropped(n); },
          inherited.is_empty() ? AuditLog::Start::kAlone : AuditLog::Start::kBehindAnother),
      state_{config().workers, steady_ms()},
      on_login_refused_([this] {
        boost::asio::post(io_, [this] {
          if (aws_) aws_->doubt();
        });
      }),
      inherited_(std::move(inherited)),
      signals_(io_),
      timer_(io_),
      watch_(io_, kSettle, [this] { reload_changed_files(); }) {
  watch_.watch(files_behind(config()), snapshot_->files);  // the start may have taken a while
  metrics_.note_start(std::time(nullptr));
  if (config().emf) emf_.emplace(io_, *config().emf, metrics_);
  std::vector<DoorSource> doors;
  for (const ListenerConfig& listener : config().listeners) {
    doors.push_back({std::nullopt, open_door(inherited_, config(), listener)});
    ports_.push_back(local_port(doors.back().sockets.front().descriptor()));
  }
  std::vector<std::vector<DoorPlan>> plans = plans_of(config(), std::move(doors));
  tell_of_snapshot();
  const ProcessParts parts{metrics_, audit_, next_client_id_, directory_, workers_, state_, on_login_refused_};
  for (std::size_t i = 0; i < config().workers; ++i) workers_.push_back(std::make_unique<Worker>(i, snapshot_, std::move(plans[i]), parts));
  const AdminConfig& admin = config().admin;
  AdminSockets given;
  if (admin.address) given.everything = inherited_.take(SocketRole::kAdmin, *admin.address);
  if (admin.health_address) given.health = inherited_.take(SocketRole::kHealth, *admin.health_address);
  if (admin.address || admin.health_address)
    admin_ = std::make_unique<AdminServer>(io_, admin, admin_backend(), AdminLimits{}, std::move(given));
  if (!config().takeover_socket.empty()) offer_takeover(!inherited_.is_empty());
}

Server::~Server() {
  for (const auto& worker : workers_) worker->stop();
}

ListenerShare& Server::share_of(const std::string& listener) {
  ListenerMetrics& counted = metrics_.listener(listener);
  const auto same = [&](const ListenerShare& other) { return &other.metrics == &counted; };
  const auto known = std::find_if(shares_.begin(), shares_.end(), same);
  return known != shares_.end() ? *known : shares_.emplace_back(counted);
}

// By worker.
std::vector<std::vector<DoorPlan>> Server::plans_of(const Config& config, std::vector<DoorSource> doors) {
  std::vector<std::vector<DoorPlan>> plans(config.workers);
  for (std::size_t i = 0; i < doors.size(); ++i) {
    ListenerShare& share = share_of(config.listeners[i].name);
    for (std::size_t worker = 0; worker < plans.size(); ++worker) {
      if (doors[i].open_door) {
        plans[worker].push_back({&share, std::nullopt, *doors[i].open_door});
      } else {
        plans[worker].push_back({&share, std::move(doors[i].sockets[worker]), 0});
      }
    }
  }
  return plans;
}

int Server::run() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  wait_for_signal();
  for (const auto& worker : workers_) worker->start();
  keep_aws_credentials();
  if (emf_) emf_->start();
  for (std::size_t i = 0; i < config().listeners.size(); ++i)
    spdlog::info("listening name={} address={} port={}", config().listeners[i].name, config().listeners[i].address.text, ports_[i]);
  spdlog::info("started workers={} upstream={} users={} enforcement={}", workers_.size(), config().upstream.nodes.front().text,
               snapshot_->policy->principals().size(), enforcement());
  inherited_.tell_serving();
  manager_.ready(status());
  io_.run();
  for (const auto& worker : workers_) worker->stop();
  if (emf_) emf_->finish();
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
    if (emf_) emf_->reopen();
    reload([](const std::string&) {});
  } else if (std::exchange(is_told_to_end_, true)) {
    spdlog::warn("second signal: stopping at once");
    finish();
  } else {
    drain();  // that of POST /drain goes on: a container's preStop hook is followed by a signal
  }
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
  if (emf_ && config().emf) emf_->adopt(*config().emf);
  for (const Finding& finding : posture_of(*snapshot_, unix_s())) {
    if (is_told_at_start(finding)) spdlog::warn("{}", to_line(finding));
  }
}

// --------------------------------------------------------------------------------------------- the end

void Server::drain() {
  if (std::exchange(draining_, true)) return;
  spdlog::info("draining grace_ms={}", config().shutdown_grace.count());
  manager_.stopping("draining");
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
  if (offer_) offer_->stop();
  if (aws_) aws_->stop();
  timer_.cancel();
  watch_.stop();
  signals_.cancel();
  io_.stop();
}

Readiness Server::readiness() const {
  if (draining_) return {false, "draining"};
  if (audit_.refuses()) return {false, "the audit log takes nothing, and nothing passes without it"};
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
