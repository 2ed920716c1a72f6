#include "proxy/audit/audit_log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/audit/audit_file.h"
#include "proxy/audit/audit_json.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kWriteBytes = 64 * 1024;
constexpr std::chrono::minutes kBetweenComplaints{1};

bool is_worth_showing(const AuditEvent& event) {
  if (event.kind == AuditEvent::Kind::kAuth) return event.verdict != "ok";
  return event.kind != AuditEvent::Kind::kAllowed;
}

// What a full queue may hold is bounded in bytes, too, whatever clients send.
void bound_texts(AuditEvent& event) {
  for (std::string* text :
       {&event.listener, &event.peer, &event.user, &event.command, &event.reason, &event.key, &event.verdict, &event.detail}) {
    if (text->size() <= kAuditTextBytes) continue;
    text->resize(kAuditTextBytes);
    text->shrink_to_fit();
  }
}

constexpr unsigned bit(AuditEvent::Kind kind) { return 1u << static_cast<unsigned>(kind); }

unsigned wanted_of(const AuditConfig& config) {
  using enum AuditEvent::Kind;
  unsigned wanted = 0;
  for (const auto& [is_wanted, kind] : {std::pair{config.auth, kAuth},
                                        {config.denied, kDenied},
                                        {config.admin, kAdmin},
                                        {config.reload, kReload},
                                        {config.observed, kObserved},
                                        {config.allowed, kAllowed}})
    if (is_wanted) wanted |= bit(kind);
  return wanted;
}

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

  Impl(const AuditConfig& audit, std::function<void(std::uint64_t)> dropped)
      : file_name(audit.file), on_drop(std::move(dropped)), wanted(wanted_of(audit)), keys(audit.keys) {
    if (!file_name.empty()) file.emplace(file_name);
  }

  void run();
  void write_out(const std::deque<Queued>& events);
  void append(std::string& lines);
  void remember(std::string line);
  void reopen_file();
  void report_drop(std::uint64_t n) {
    if (on_drop) on_drop(n);
  }

  const std::string file_name;
  const std::function<void(std::uint64_t)> on_drop;
  std::atomic<unsigned> wanted;  // one bit for each kind of event

  // The writer's own.
  const KeyText keys;
  std::optional<AuditFile> file;
  std::optional<std::chrono::steady_clock::time_point> last_complaint;

  mutable std::mutex mutex;  // everything below
  std::condition_variable wake;
  std::condition_variable progress;
  std::deque<Queued> queue;
  std::deque<std::string> newest;  // newest first
  std::uint64_t queued = 0;        // events and reopenings ever asked for
  std::uint64_t finished = 0;      // of these: done, or dropped
  bool is_reopen_wanted = false;
  bool is_stopping = false;

  std::thread writer;  // last: starts when all else is there
};

void AuditLog::Impl::run() {
  block_all_signals();
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return !queue.empty() || is_reopen_wanted || is_stopping; });
    if (queue.empty() && !is_reopen_wanted) return;
    const std::deque<Queued> events = std::exchange(queue, {});
    const bool reopens = std::exchange(is_reopen_wanted, false);
    const std::uint64_t taken = queued;
    lock.unlock();
    if (reopens) reopen_file();
    write_out(events);
    lock.lock();
    finished = taken;
    progress.notify_all();
  }
}

void AuditLog::Impl::write_out(const std::deque<Queued>& events) {
  std::string lines;
  for (const Queued& queued_event : events) {
    const std::string line = audit_line(queued_event.event, queued_event.when, keys);
    if (is_worth_showing(queued_event.event)) remember(line);
    lines += line;
    if (lines.size() >= kWriteBytes) append(lines);
  }
  append(lines);
}

void AuditLog::Impl::append(std::string& lines) {
  if (file && !lines.empty()) {
    const AuditFile::Outcome outcome = file->append(lines);
    if (outcome.lines_lost > 0) {
      report_drop(outcome.lines_lost);
      const auto now = std::chrono::steady_clock::now();
      if (!last_complaint || now - *last_complaint >= kBetweenComplaints) {
        last_complaint = now;
        spdlog::error("audit lines lost file=\"{}\" lines={} error=\"{}\"", file_name, outcome.lines_lost, outcome.error.message());
      }
    }
  }
  lines.clear();
}

void AuditLog::Impl::remember(std::string line) {
  const std::lock_guard lock(mutex);
  newest.push_front(std::move(line));
  if (newest.size() > kNewestEvents) newest.pop_back();
}

void AuditLog::Impl::reopen_file() {
  if (!file) return;
  try {
    file->reopen();
  } catch (const std::system_error& error) {
    spdlog::error("audit file not reopened, the old one stays error=\"{}\"", error.what());
  }
}

AuditLog::AuditLog(const AuditConfig& config, std::function<void(std::uint64_t)> on_drop)
    : impl_(std::make_unique<Impl>(config, std::move(on_drop))) {
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

void AuditLog::choose_events(const AuditConfig& config) { impl_->wanted.store(wanted_of(config), std::memory_order_relaxed); }

void AuditLog::write(AuditEvent event) {
  if (!wants(event.kind)) return;
  bound_texts(event);
  const auto now = std::chrono::system_clock::now();
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->queue.size() < kQueuedEvents) {
      impl_->queue.push_back({now, std::move(event)});
      ++impl_->queued;
      impl_->wake.notify_one();
      return;
    }
  }
  impl_->report_drop(1);
}

void AuditLog::reopen() {
  const std::lock_guard lock(impl_->mutex);
  impl_->is_reopen_wanted = true;
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
  impl_->progress.wait(lock, [&] { return impl_->finished >= goal; });
}

}  // namespace respgate::proxy
