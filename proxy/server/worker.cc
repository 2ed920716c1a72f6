#include "proxy/server/worker.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "protocol/reply_writer.h"
#include "proxy/common/clock.h"
#include "proxy/common/log_text.h"
#include "proxy/reception/certificate_login.h"
#include "proxy/server/server_facts.h"
#include "proxy/session/session.h"

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kScratchBytes = 64 * 1024;
constexpr auto kSweepEvery = std::chrono::milliseconds(100);
constexpr unsigned kSweepsPerSessionSweep = 5;
constexpr auto kAcceptPause = std::chrono::milliseconds(50);  // when the process is out of descriptors

}  // namespace

Worker::Worker(std::size_t index, SnapshotPtr snapshot, std::vector<DoorPlan> plans, const ProcessParts& process)
    : index_(index),
      snapshot_(std::move(snapshot)),
      next_client_id_(process.next_client_id),
      directory_(process.directory),
      peers_(process.workers),
      counters_(process.metrics.worker(index_)),
      report_refused_login_(process.on_login_refused),
      state_(process.state),
      process_view_(process.state, snapshot_),
      decisions_(process.metrics, process.audit, process.state.denials),
      memory_(memory_of_worker(config())),
      scratch_(kScratchBytes),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),  // others only post to it
      work_(io_.get_executor()),
      server_(server_facts(config())),
      turn_([this] { asio::post(io_, [this] { end_turn(); }); }),
      services_{io_,   scratch_, requests_, router_,   pinned_, directory_,   decisions_,
                turn_, memory_,  *this,     snapshot_, unix_s_, process_view_},
      router_(io_, router_settings(*snapshot_, aws_), scratch_, requests_, memory_, counters_.upstream, *this, *this),
      pinned_(io_, router_.lane_settings(), pinned_limits(config()), scratch_, requests_, memory_, counters_.upstream, *this, *this),
      reception_(io_, snapshot_, [this](tls::Stream stream, Guest guest) { open_session(std::move(stream), std::move(guest)); }),
      sweep_timer_(io_) {
  tls::EpollSet::of(io_);  // without descriptors it fails here, not at the first client
  for (DoorPlan& plan : plans) doors_.push_back(open_door(std::move(plan)));
}

// NOLINTNEXTLINE(bugprone-exception-escape): without the memory to ask the thread to end, ending the process is right.
Worker::~Worker() { stop(); }

void Worker::start() {
  for (const auto& door : doors_) accept(door);
  unix_s_ = unix_s();
  router_.start(steady_ms());
  arm_sweep();
  thread_ = std::thread([this] { io_.run(); });
}

void Worker::post(std::function<void(Worker&)> f) {
  asio::post(io_, [this, f = std::move(f)] { f(*this); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  post([](Worker& self) {
    for (const auto& door : self.doors_) close(*door);
    self.sweep_timer_.cancel();
    for (const auto& session : self.sessions_.snapshot()) session->close(CloseReason::kShutdown);
    self.router_.stop();
    self.pinned_.stop();
    self.ended_.clear();
    self.io_.stop();
  });
  thread_.join();
}

// ------------------------------------------------------------------------------------------- clients

void Worker::accept(const std::shared_ptr<Door>& door) {
  // The handler holds the door: it may be closed, and gone from doors_, between an accept and the word of it.
  door->acceptor.async_accept([this, door](const boost::system::error_code& error, tls::Socket socket) {
    if (door->acceptor.is_open() || (!error && door->lets_in_the_last)) on_accepted(door, error, std::move(socket));
  });
}

void Worker::on_accepted(const std::shared_ptr<Door>& door, const boost::system::error_code& error, tls::Socket socket) {
  if (!error) {
    reception_.receive(*door->listener, std::move(socket));
    if (door->acceptor.is_open()) accept(door);
    return;
  }
  // One bad connection must not end the listener (Redis CVE-2025-48367); without descriptors, try again a little later.
  if (error == asio::error::connection_aborted || error == asio::error::try_again) return accept(door);
  spdlog::warn("cannot accept listener={} reason=\"{}\"", door->listener->metrics.name, error.message());
  door->pause.expires_after(kAcceptPause);
  door->pause.async_wait([this, door](const boost::system::error_code& cancelled) {
    if (!cancelled && door->acceptor.is_open()) accept(door);
  });
}

void Worker::close(Door& door) {
  boost::system::error_code ignored;
  door.acceptor.close(ignored);
  door.pause.cancel();
}

// How long a client certificate is good for, and as whom it logs in.  False: as nobody, and the client has been told no
// more than that.
bool Worker::recognise(tls::Stream& stream, const ListenerConfig& rules, ClientState& client, ListenerCounters& counters) {
  const tls::CertificatePtr certificate = stream.channel() != nullptr ? stream.channel()->peer_certificate() : nullptr;
  if (!certificate) return true;
  const std::int64_t left_s = tls::seconds_of(*X509_get0_notAfter(certificate.get())) - std::time(nullptr);
  client.admitted_until_ms = client.connected_ms + 1000 * std::max<std::int64_t>(left_s, 0);
  if (!rules.tls || !rules.tls->client_identity) return true;
  const CertificateLogin login = certificate_login(*certificate, rules, *client.policy);
  client.identity = login.name;
  if (decisions_.audit_refuses()) {
    counters.audit_refused.add();
    return turn_away(stream, kAuditUnavailable);
  }
  decisions_.record_certificate(login, client);
  if (!login.why_not.empty()) state_.failed_logins.count_certificate(config().limits.auth_failures, client.source, client.connected_ms);
  if (login.why_not.empty()) {
    client.born_as = login.user;
    return true;
  }
  spdlog::info("certificate refused listener={} peer={} reason=\"{}\"", client.listener_name, client.peer, login.why_not);
  return turn_away(stream, kWrongPass);
}

bool Worker::turn_away(tls::Stream& stream, std::string_view error) {
  std::string reply;
  protocol::append_error(reply, error);
  const ::iovec bytes{reply.data(), reply.size()};
  (void)stream.write({&bytes, 1});
  stream.close();
  return false;
}

void Worker::open_session(tls::Stream stream, Guest guest) {
  ListenerMetrics& listener = guest.listener->metrics;
  const ListenerConfig& rules = *find_listener(config(), listener.name);
  ClientState client;
  client.id = next_client_id_.fetch_add(1);
  client.listener = listener.index;
  client.listener_name = listener.name;
  client.peer = guest.peer;
  client.source = guest.source ? to_string(*guest.source) : kUnixSource;
  client.local = guest.local;
  client.born_as = rules.login_as;
  client.group = rules.user_group;
  client.connected_ms = steady_ms();
  client.policy = snapshot_->policy;
  ListenerCounters& counters = listener.of_worker[index_];
  if (!recognise(stream, rules, client, counters)) return reception_.leave(guest);
  counters.connections.add();
  counters.connections_total.add();
  state_.clients.fetch_add(1, std::memory_order_relaxed);
  const SessionId id = sessions_.next_id();
  auto session = std::make_shared<Session>(
      std::move(stream), id, std::move(client), finder_, server_, services_, counters,
      [this, guest = std::move(guest)](Session& closed, CloseReason why) { on_session_closed(closed, guest, why); });
  sessions_.add(id, session);
  session->start();
}

void Worker::on_session_closed(Session& session, const Guest& guest, CloseReason why) {
  guest.listener->metrics.of_worker[index_].connections.subtract();
  state_.clients.fetch_sub(1, std::memory_order_relaxed);
  reception_.leave(guest);
  spdlog::debug("client closed id={} peer={} reason={}", session.client().id, session.client().peer, close_reason_name(why));
  ended_.push_back(sessions_.remove(session.id()));
  turn_.flush_lanes();  // or whatever else has the turn ended
}

void Worker::deliver(const Request& request, std::string_view bytes, Part part) {
  if (request.errand != 0) return finish_errand(request, bytes);
  // Without a reference of its own: a session that ends meanwhile is in `ended_`.
  if (Session* session = sessions_.find(request.ticket.session)) session->deliver(request, bytes, part);
}

Appetite Worker::appetite(SessionId id) {
  Session* session = sessions_.find(id);
  return session != nullptr ? session->appetite() : Appetite::kHungry;
}

void Worker::give_up(SessionId id) {
  if (Session* session = sessions_.find(id)) session->shared_from_this()->close(CloseReason::kOutputLimit);
}

void Worker::push(SessionId id, std::string_view bytes) {
  Session* session = sessions_.find(id);
  if (session == nullptr || !session->expects_pushes()) return counters_.upstream.pushes_dropped_total.add();
  session->shared_from_this()->push(bytes);
}

void Worker::on_lease_lost(SessionId id, std::uint64_t lane) {
  if (Session* session = sessions_.find(id)) session->shared_from_this()->on_lease_lost(lane);
}

void Worker::on_readonly(SessionId id, std::uint64_t lane) {
  router_.primary_moved();
  if (Session* session = sessions_.find(id)) session->on_lease_stale(lane);
}

void Worker::on_lease_fed(SessionId id) {
  if (Session* session = sessions_.find(id)) session->on_room();
}

void Worker::on_lease_aged(SessionId id, std::uint64_t lane) {
  if (Session* session = sessions_.find(id)) session->on_lease_stale(lane);
}

bool Worker::may_log_in(SessionId id, std::uint64_t lane) {
  const Session* session = sessions_.find(id);
  return session != nullptr && session->may_log_in(lane);
}

void Worker::on_room(SessionId id) {
  if (Session* session = sessions_.find(id)) session->on_room();
}

void Worker::on_server_version(std::string_view version) {
  server_.version = version;
  publish_readiness();
}

void Worker::publish_readiness() {
  const std::lock_guard lock(readiness_mutex_);
  readiness_ = {router_.is_ready(), router_.trouble()};
}

Readiness Worker::readiness() const {
  const std::lock_guard lock(readiness_mutex_);
  return readiness_;
}

// Bytes that are already here come first, then one write for each lane, then one for each client.
void Worker::end_turn() {
  turn_.disarm();
  turn_.for_each_resumed([](Session& session) { session.resume(); });
  const std::int64_t now_ms = steady_ms();
  router_.flush(now_ms);
  pinned_.flush(now_ms);
  turn_.for_each_flushed([](Session& session) { session.flush(); });
  ended_.clear();
}

// ------------------------------------------------------------------------------------------- life

void Worker::arm_sweep() {
  sweep_timer_.expires_after(kSweepEvery);
  sweep_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    sweep();
    arm_sweep();
  });
}

void Worker::sweep() {
  const std::int64_t now_ms = steady_ms();
  unix_s_ = unix_s();
  router_.sweep(now_ms);
  pinned_.sweep(now_ms);
  publish_readiness();
  if (++sweeps_ % kSweepsPerSessionSweep != 0) return;
  for (const auto& session : sessions_.snapshot()) session->sweep(now_ms);
  return_memory();
}

// The C library gives back only what lies at the end of a thread's heap, and there is always a session that came later.  A
// tenth of a millisecond for each MiB, once after a burst; it holds this thread up, and others while their heap is walked.
void Worker::return_memory() {
  if (memory_.take_ebb()) ::malloc_trim(0);
}

std::vector<ListeningSocket> Worker::copy_sockets() const {
  std::vector<ListeningSocket> copies;
  copies.reserve(doors_.size());
  for (const auto& door : doors_) copies.push_back(copy_of(door->acceptor.native_handle()));
  return copies;
}

void Worker::stop_accepting() {
  for (const auto& door : doors_) {
    door->lets_in_the_last = true;
    close(*door);
  }
}

void Worker::drain() {
  reception_.close();
  for (const auto& door : doors_) {
    door->lets_in_the_last = false;
    close(*door);
  }
  const std::int64_t deadline_ms = steady_ms() + config().shutdown_grace.count();
  for (const auto& session : sessions_.snapshot()) session->drain(deadline_ms);
}

std::size_t Worker::close_matching(const std::function<bool(const ClientState&)>& predicate, CloseReason why) {
  std::size_t closed = 0;
  for (const auto& session : sessions_.snapshot()) {
    if (!predicate(session->client())) continue;
    session->close(why);
    ++closed;
  }
  return closed;
}

}  // namespace respgate::proxy
