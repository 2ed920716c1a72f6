// Carries decisions off the hot path to one writer, as JSON lines (audit_json.h).
// The queue is bounded; what does not fit is dropped and counted, never waited for.
// Values and passwords never enter an event; every byte a client chose is escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/config/config.h"

namespace respgate::proxy {

// Texts of an event that are longer are cut when it is written: of a key, its first
// 4096 bytes are hashed, and what log_text() leaves out is counted up to there.
inline constexpr std::size_t kAuditTextBytes = 4096;

struct AuditEvent {
  enum class Kind : std::uint8_t { kAuth, kDenied, kAdmin, kReload, kObserved, kAllowed };
  Kind kind = Kind::kDenied;
  std::uint64_t session = 0;
  std::string listener;
  std::string peer;     // "127.0.0.1:51234", "unix:"
  std::string user;     // as given by the client for kAuth: escaped and cut at 128 bytes
  std::string command;  // "config|set", lower case from the table; "(unknown)" otherwise
  std::string reason;   // "key", "wrong_password", "rule 3", …
  std::string key;      // the argument that decided, or empty; written as audit.keys says
  std::string verdict;  // "denied", "failed", "ok", "observed"
  std::uint64_t generation = 0;
  std::string detail;  // admin and reload: what was asked or why it failed
};

class AuditLog {
 public:
  static constexpr std::size_t kQueuedEvents = 8192;
  static constexpr std::size_t kNewestEvents = 1000;

  // Opens (appends to) config.file; throws std::system_error naming the file when it cannot.
  // Without a file, events still reach newest().  `on_drop(n)` is called from any thread
  // for events that were dropped: the queue was full, or the file did not take them (disk
  // full; said in the log at most once a minute, tried again with every event).
  explicit AuditLog(const AuditConfig& config, std::function<void(std::uint64_t)> on_drop);
  ~AuditLog();  // writes what is queued, then closes

  // Any thread; never blocks on the file.  Events of kinds not configured are ignored.
  void write(AuditEvent event);
  bool wants(AuditEvent::Kind kind) const;
  // From now on events of these kinds; where they go stays as it is.  Any thread.
  void choose_events(const AuditConfig& config);
  // SIGHUP: the file was moved away; open it again by name.  What is written from now on
  // goes to the new file; if it cannot be opened, to the old one, with a line in the log.
  void reopen();
  // The newest `n` events that went against someone or changed something (not: allowed
  // commands, successful logins) as JSON lines, newest first (admin GET /events).
  std::string newest(std::size_t n) const;
  // Blocks until everything queued before the call is in the file or dropped (tests, shutdown).
  void flush();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace respgate::proxy
