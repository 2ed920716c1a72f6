#include "proxy/audit/audit_log.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/audit/audit_json.h"

namespace respgate::proxy {
namespace {

// How long events gather before the writer looks at them: waking a thread costs more than an event.
constexpr std::chrono::milliseconds kGather{5};
// How often a file that took nothing is tried again, when nobody asks.
constexpr std::chrono::milliseconds kRetry{100};

bool is_worth_showing(const AuditEvent& event) {
  using enum AuditEvent::Kind;
  if (event.kind == kAuth) return event.verdict != "ok";
  return event.kind != kAllowed;
}

// What a full queue may hold is bounded in bytes, too, whatever clients send.
void bound_texts(AuditEvent& event) {
  for (std::string* text : {&event.listener, &event.peer, &event.identity, &event.user, &event.command, &event.reason, &event.key,
                            &event.verdict, &event.detail}) {
    if (text->size() <= kAuditTextBytes) continue;
    text->resize(kAuditTextBytes);
    text->shrink_to_fit();
  }
}

constexpr unsigned bit(AuditEvent::Kind kind) { return 1u << static_cast<unsigned>(kind); }

unsigned wanted_of(const AuditConfig& config) {
  using enum AuditEvent::Kind;
  unsigned wanted = bit(kAudit);
  for (const auto& [is_wanted, kind] : {std::pair{config.auth, kAuth},
                                        {config.denied, kDenied},
                                        {config.admin, kAdmin},
                                        {config.reload, kReload},
                                        {config.observed, kObserved},
                                        {config.allowed, kAllowed}})
    if (is_wanted) wanted |= bit(kind);
  return wanted;
}

bool denies(const AuditConfig& config) { return !config.file.empty() && config.on_overflow == AuditConfig::Overflow::kDeny; }

// A signal that a write raises (SIGPIPE, SIGXFSZ) becomes an error of that write, and
// signals to the process go to the threads that expect them.
void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

struct AuditLog::Impl {
  struct Queued {
    std::chrono::system_clock::time_point when;
    AuditEvent event;
  };
  // What the writer is to do next.
  struct Work {
    std::vector<Queued> events;
    std::uint64_t dropped = 0;
    std::optional<AuditConfig> config;
    bool reopens = false;
    bool leaves = false;
  };

  Impl(const AuditConfig& audit, const std::optional<AuditKey>& key, std::function<void(std::uint64_t)> dropped, Start start)
      : on_drop(std::move(dropped)),
        wanted(wanted_of(audit)),
        keys(audit.keys),
        output(audit, key, start, on_drop),
        is_denying(denies(audit)) {
    state = state_of_output();
  }

  void run();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  Work take_work();
  bool carry_out(const Work& mine);
  void remember(std::string line);
  bool is_urgent() const { return work.reopens || work.leaves || is_stopping || flushers > 0 || work.events.size() >= kQueuedEvents / 2; }
  void refresh_refusal() {
    const bool is_nearly_full = work.events.size() >= kQueuedEvents - kHeadroom;
    is_refusing.store(is_denying && (is_failing || is_nearly_full), std::memory_order_relaxed);
  }
  State state_of_output() const { return {output.is_file_good(), output.is_chained() ? std::optional(output.head()) : std::nullopt}; }

  const std::function<void(std::uint64_t)> on_drop;
  std::atomic<unsigned> wanted;  // one bit for each kind of event
  std::atomic<bool> is_refusing{false};

  // The writer's own.
  const KeyText keys;
  AuditWriter output;

  mutable std::mutex mutex;  // everything below
  std::condition_variable wake;
  std::condition_variable progress;
  Work work;
  std::vector<Queued> spare;       // room that was taken before
  std::deque<std::string> newest;  // newest first
  State state;
  std::uint64_t queued = 0;    // events and reopenings ever asked for
  std::uint64_t finished = 0;  // of these: done, or dropped
  std::uint64_t attempts = 0;
  unsigned flushers = 0;
  bool is_denying;
  bool is_stuck = false;    // lines are kept
  bool is_failing = false;  // because the file does not take them
  bool is_stopping = false;

  std::thread writer;  // last: starts when all else is there
};

void AuditLog::Impl::run() {
  block_all_signals();
  std::unique_lock lock(mutex);
  while (true) {
    const bool is_last = is_stopping;
    const std::uint64_t taken = queued;
    Work mine = take_work();
    const bool has_all = work.events.empty();
    lock.unlock();
    const bool is_done = carry_out(mine);
    if (is_last && !is_done) output.give_up();
    mine.events.clear();
    lock.lock();
    spare.swap(mine.events);
    ++attempts;
    is_stuck = !is_done;
    is_failing = is_stuck && !output.is_waiting();
    if (is_done && has_all) finished = taken;
    state = state_of_output();
    refresh_refusal();
    progress.notify_all();
    if (is_last && work.events.empty()) return;
    wait_for_work(lock);
  }
}

void AuditLog::Impl::wait_for_work(std::unique_lock<std::mutex>& lock) {
  if (is_stuck) {
    wake.wait_for(lock, kRetry, [this] { return work.reopens || work.leaves || is_stopping; });
  } else {
    wake.wait(lock, [this] { return !work.events.empty() || work.config || is_urgent(); });
    wake.wait_for(lock, kGather, [this] { return is_urgent(); });
  }
}

// While lines are kept, events stay in the queue: it is what bounds them.
AuditLog::Impl::Work AuditLog::Impl::take_work() {
  Work mine;
  if (!is_stuck || is_stopping) {
    mine.events = std::exchange(work.events, std::move(spare));
    spare = {};
  }
  mine.dropped = std::exchange(work.dropped, 0);
  mine.config = std::exchange(work.config, std::nullopt);
  mine.reopens = std::exchange(work.reopens, false);
  mine.leaves = std::exchange(work.leaves, false);
  return mine;
}

bool AuditLog::Impl::carry_out(const Work& mine) {
  if (mine.config) output.adopt(*mine.config);
  if (mine.reopens) output.reopen();
  output.note_dropped(mine.dropped);
  for (const Queued& queued_event : mine.events) {
    std::string line = audit_line(queued_event.event, queued_event.when, keys);
    if (is_worth_showing(queued_event.event)) remember(line);
    output.add(std::move(line));
  }
  const bool is_done = output.write();
  if (mine.leaves) output.leave();
  return is_done;
}

void AuditLog::Impl::remember(std::string line) {
  const std::lock_guard lock(mutex);
  newest.push_front(std::move(line));
  if (newest.size() > kNewestEvents) newest.pop_back();
}

AuditLog::AuditLog(const AuditConfig& config, const std::optional<AuditKey>& key, std::function<void(std::uint64_t)> on_drop, Start start)
    : impl_(std::make_unique<Impl>(config, key, std::move(on_drop), start)) {
  impl_->writer = std::thread(&Impl::run, impl_.get());
}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->wake.notify_one();
  impl_->writer.join();
}

bool AuditLog::wants(AuditEvent::Kind kind) const { return (impl_->wanted.load(std::memory_order_relaxed) & bit(kind)) != 0; }

const std::atomic<bool>& AuditLog::refuses() const { return impl_->is_refusing; }

void AuditLog::adopt(const AuditConfig& config) {
  impl_->wanted.store(wanted_of(config), std::memory_order_relaxed);
  const std::lock_guard lock(impl_->mutex);
  impl_->is_denying = denies(config);
  impl_->work.config = config;
  impl_->refresh_refusal();
  impl_->wake.notify_one();
}

void AuditLog::write(AuditEvent event) {
  if (!wants(event.kind)) return;
  bound_texts(event);
  const auto now = std::chrono::system_clock::now();
  {
    const std::lock_guard lock(impl_->mutex);
    std::vector<Impl::Queued>& events = impl_->work.events;
    if (events.size() < kQueuedEvents) {
      events.push_back({now, std::move(event)});
      ++impl_->queued;
      impl_->refresh_refusal();
      if (events.size() == 1 || events.size() == kQueuedEvents / 2) impl_->wake.notify_one();
      return;
    }
    ++impl_->work.dropped;
  }
  if (impl_->on_drop) impl_->on_drop(1);
}

void AuditLog::reopen() {
  const std::lock_guard lock(impl_->mutex);
  impl_->work.reopens = true;
  ++impl_->queued;
  impl_->wake.notify_one();
}

void AuditLog::leave() {
  const std::lock_guard lock(impl_->mutex);
  impl_->work.leaves = true;
  ++impl_->queued;
  impl_->wake.notify_one();
}

std::string AuditLog::newest(std::size_t n) const {
  const std::lock_guard lock(impl_->mutex);
  std::string lines;
  for (std::size_t i = 0; i < std::min(n, impl_->newest.size()); ++i) lines += impl_->newest[i];
  return lines;
}

void AuditLog::flush() {
  std::unique_lock lock(impl_->mutex);
  const std::uint64_t goal = impl_->queued;
  const std::uint64_t seen = impl_->attempts;
  ++impl_->flushers;
  impl_->wake.notify_one();
  impl_->progress.wait(lock, [&] { return impl_->finished >= goal || (impl_->is_stuck && impl_->attempts > seen); });
  --impl_->flushers;
}

AuditLog::State AuditLog::state() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state;
}

}  // namespace respgate::proxy
