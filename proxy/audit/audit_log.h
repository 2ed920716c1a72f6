// Carries decisions off the hot path to one writer, as JSON lines (audit_json.h).
// The queue is bounded, and nobody waits for it or for the file; what becomes of what
// does not fit says audit.on_overflow:
//
//   drop  it is lost, and counted
//   deny  refuses() is true from a little before the queue is full, and as long as the file
//         does not take what it is given: whoever would let something through that must be
//         audited asks it first.  What was let through before is kept and written later.
//
// Values and passwords never enter an event; every byte a client chose is escaped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit/audit_chain.h"
#include "proxy/audit/audit_event.h"
#include "proxy/audit/audit_writer.h"
#include "proxy/config/config.h"

namespace respgate::proxy {

class AuditLog {
 public:
  static constexpr std::size_t kQueuedEvents = 8192;
  static constexpr std::size_t kNewestEvents = 1000;
  // Room for what is decided before every thread has seen that refuses() has become true.
  static constexpr std::size_t kHeadroom = 1024;

  // Opens (appends to) config.file and starts the writer; throws std::system_error naming the
  // file when it cannot.  Without a file, events still reach newest().  `key` is that of
  // config.key_file.  `on_drop(n)` is called from any thread for events that were dropped.
  // kBehindAnother: if the process before is still in the file, events wait in the queue until
  // it leaves it, and nothing is refused for that.
  using Start = AuditWriter::Start;
  AuditLog(const AuditConfig& config, const std::optional<AuditKey>& key, std::function<void(std::uint64_t)> on_drop,
           Start start = Start::kAlone);
  ~AuditLog();  // writes what is queued, then closes; what the file does not take now is dropped

  // Any thread; never blocks on the file.  Events of kinds not configured are ignored.
  void write(AuditEvent event);
  bool wants(AuditEvent::Kind kind) const;
  // May nothing be let through that must be audited?  Any thread, one relaxed load.
  const std::atomic<bool>& refuses() const;
  // events, on_overflow and rotate from now on; all else stays as it is.  Any thread.
  void adopt(const AuditConfig& config);
  // SIGHUP: the file was moved away; open it again by name.  What is written from now on
  // goes to the new file; if it cannot be opened, to the old one, with a line in the log.
  void reopen();
  // The next process may have the file: what was written before this call is in it, what comes after is dropped.
  void leave();
  // The newest `n` events that went against someone or changed something (not: allowed
  // commands, successful logins) as JSON lines, newest first (admin GET /events).
  std::string newest(std::size_t n) const;
  // Blocks until everything queued before the call is in the file, dropped, or refused by it (tests, shutdown).
  void flush();

  struct State {
    bool takes_lines = true;        // of the file
    std::optional<ChainHead> head;  // the last line in it; nothing: lines are not chained
  };
  State state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace respgate::proxy
