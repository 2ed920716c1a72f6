// What a worker makes of a snapshot: the settings of its parts, at the start and whenever
// there is another one; which doors it opens and closes for it, and what becomes of the
// sessions.
#include <algorithm>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/common/clock.h"
#include "proxy/reception/certificate_login.h"
#include "proxy/server/server_facts.h"
#include "proxy/server/worker.h"
#include "proxy/session/session.h"

namespace respgate::proxy {
namespace {

// What the listener says of a client that is there already; a certificate is judged again, by the new rules.
ListenerTerms terms_for(const Session& session, const Snapshot& snapshot) {
  const ClientState& client = session.client();
  const ListenerConfig* const rules = find_listener(snapshot.config, client.listener_name);
  if (rules == nullptr) return {client.born_as, client.group};
  const tls::CertificatePtr certificate = rules->tls && rules->tls->client_identity ? session.peer_certificate() : nullptr;
  if (!certificate) return {rules->login_as, rules->user_group};
  const CertificateLogin login = certificate_login(*certificate, *rules, *snapshot.policy);
  return {login.why_not.empty() ? login.user : "", rules->user_group};
}

// Would its certificate be refused now: revoked since, or of an authority that is not trusted any more?  Said in the log.
bool lost_its_certificate(Session& session, const Snapshot& snapshot) {
  const ListenerConfig* const rules = find_listener(snapshot.config, session.client().listener_name);
  if (rules == nullptr || !rules->tls) return false;
  const std::string why = session.verify_again(*tls_context_of(snapshot, *rules));
  if (why.empty()) return false;
  spdlog::info("certificate refused listener={} peer={} reason=\"{}\"", rules->name, session.client().peer, why);
  return true;
}

// Has its listener gone, or gone elsewhere?  One that is not in `before` has sessions only from earlier, on their way out.
bool lost_its_door(const ClientState& client, const Config& before, const Config& now) {
  const ListenerConfig* const was = find_listener(before, client.listener_name);
  const ListenerConfig* const is = find_listener(now, client.listener_name);
  return was != nullptr && (is == nullptr || is->address != was->address);
}

// The user's own login at the node; null: his commands reach it as everybody's do.
const UpstreamCredentials* own_login(const UpstreamConfig& upstream, std::string_view user) {
  const auto found =
      std::find_if(upstream.per_user.begin(), upstream.per_user.end(), [&](const auto& own) { return own.principal == user; });
  return found == upstream.per_user.end() ? nullptr : &found->credentials;
}

// Where the passwords lie changes nothing for who logs in; what they are is read again anyhow.
void take_files_of(UpstreamConfig& upstream, const UpstreamConfig& other) {
  upstream.credentials.password_file = other.credentials.password_file;
  for (OwnCredentials& own : upstream.per_user)
    if (const UpstreamCredentials* const same = own_login(other, own.principal)) own.credentials.password_file = same->password_file;
}

// Would a lane dialled now be another than those there are: to another node, as another user, in another manner?  So it is
// when a user has gone from per_user_credentials: those behind have another number then.
bool leads_elsewhere(const UpstreamConfig& before, const UpstreamConfig& now) {
  UpstreamConfig same = before;
  // What changes nothing for a lane that is there.
  take_files_of(same, now);
  same.lanes_per_worker = now.lanes_per_worker;
  same.queue_timeout = now.queue_timeout;
  same.lane_window = now.lane_window;
  same.max_lanes = now.max_lanes;
  same.max_pinned_lanes = now.max_pinned_lanes;
  same.lane_idle = now.lane_idle;
  same.command_names = now.command_names;
  return same != now;
}

// Did the user lose, gain or change a login of his own?  He is trusted with scripts because of it.
bool is_seen_as_another(const ClientState& client, const UpstreamConfig& before, const UpstreamConfig& now) {
  if (client.principal == nullptr) return false;
  UpstreamConfig same = before;
  take_files_of(same, now);
  const UpstreamCredentials* const was = own_login(same, client.principal->name());
  const UpstreamCredentials* const is = own_login(now, client.principal->name());
  return was == nullptr || is == nullptr ? was != is : *was != *is;
}

}  // namespace

RouterSettings router_settings(const Snapshot& snapshot, const AwsSnapshot& aws) {
  const UpstreamConfig& upstream = snapshot.config.upstream;
  LaneSettings lane;
  lane.address = upstream.nodes.front();
  for (const UpstreamLogin& login : snapshot.upstream_logins) lane.logins.push_back(std::make_shared<const UpstreamLogin>(login.with(aws)));
  lane.connect_timeout = upstream.connect_timeout;
  lane.response_timeout = upstream.response_timeout;
  lane.dead_peer = upstream.dead_peer;
  lane.stall = snapshot.config.limits.lane_stall;
  lane.sentinel = upstream.sentinel;
  lane.tls = snapshot.tls.upstream;
  return {std::make_shared<const LaneSettings>(std::move(lane)), upstream.lane_window, upstream.max_lanes, upstream.lane_idle};
}

PinnedLanes::Limits pinned_limits(const Config& config) { return {config.upstream.max_pinned_lanes, config.upstream.lane_idle}; }

std::size_t memory_of_worker(const Config& config) { return config.limits.memory_bytes / config.workers; }

void Worker::adopt(SnapshotPtr snapshot, std::vector<DoorPlan> plans) {
  const SnapshotPtr before = std::exchange(snapshot_, std::move(snapshot));
  memory_.set_limit(memory_of_worker(config()));
  server_.command_names = server_facts(config()).command_names;
  const bool is_elsewhere = leads_elsewhere(before->config.upstream, config().upstream);
  adopt_upstream(is_elsewhere ? ExistingLanes::kReplace : ExistingLanes::kKeep, true);
  adopt_doors(std::move(plans));
  const std::int64_t deadline_ms = steady_ms() + config().shutdown_grace.count();
  for (const auto& session : sessions_.snapshot()) {
    if (lost_its_certificate(*session, *snapshot_)) {
      session->close(CloseReason::kRevoked);
      continue;
    }
    if (is_elsewhere) session->abandon_lane();
    if (is_elsewhere && is_seen_as_another(session->client(), before->config.upstream, config().upstream)) session->leave_old_login();
    session->adopt(snapshot_->policy, terms_for(*session, *snapshot_));
    if (lost_its_door(session->client(), before->config, config())) session->drain(deadline_ms);
  }
}

void Worker::use_aws(AwsSnapshot aws) {
  const bool are_others = aws.credentials && (!aws_.credentials || *aws.credentials != *aws_.credentials);
  aws_ = std::move(aws);
  adopt_upstream(ExistingLanes::kKeep, are_others);
}

void Worker::adopt_upstream(ExistingLanes lanes, bool forgets_failures) {
  const std::int64_t now_ms = steady_ms();
  router_.adopt(router_settings(*snapshot_, aws_), lanes, forgets_failures, now_ms);
  pinned_.adopt(router_.lane_settings(), pinned_limits(config()), lanes, forgets_failures, now_ms);
}

void Worker::adopt_doors(std::vector<DoorPlan> plans) {
  std::vector<std::shared_ptr<Door>> before;
  before.swap(doors_);
  for (DoorPlan& plan : plans) {
    if (plan.socket) {
      doors_.push_back(open_door(std::move(plan)));
      accept(doors_.back());
    } else {
      doors_.push_back(std::move(before[plan.open_door]));
      doors_.back()->listener = plan.listener;
    }
  }
  for (const auto& door : before)
    if (door) close(*door);
}

// REQUIRES: plan.socket.
std::shared_ptr<Worker::Door> Worker::open_door(DoorPlan plan) {
  const boost::asio::generic::stream_protocol protocol(plan.socket->family(), 0);
  return std::make_shared<Door>(
      Door{plan.listener, Acceptor(io_, protocol, plan.socket->release()), boost::asio::steady_timer(io_), false});
}

}  // namespace respgate::proxy
