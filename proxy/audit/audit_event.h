// One thing that happened, as it is handed to the audit log.  Plain data; values and
// passwords never enter it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace respgate::proxy {

// Texts of an event that are longer are cut when it is written: of a key, its first
// 4096 bytes are hashed, and what log_text() leaves out is counted up to there.
inline constexpr std::size_t kAuditTextBytes = 4096;
// Of the keys and channels of one command, so many are told, as long as their names are no longer together.
inline constexpr std::size_t kAuditTouches = 16;
inline constexpr std::size_t kAuditTouchBytes = 4096;

// A key or channel that a command named, and what for.
struct AuditTouch {
  enum class Kind : std::uint8_t {
    kAny,  // a key, whatever is done with it
    kRead,
    kWrite,
    kReadWrite,
    kChannel,
    kChannelPattern,  // PSUBSCRIBE: the pattern itself
    kEveryKey,        // SORT BY and GET read keys that are not named
  };
  Kind kind = Kind::kAny;
  std::string name;
};

struct AuditEvent {
  // kAudit is the log's own: what became of its file and its chain.  It cannot be left out.
  enum class Kind : std::uint8_t { kAuth, kDenied, kAdmin, kReload, kObserved, kAllowed, kAudit };
  Kind kind = Kind::kDenied;
  std::uint64_t session = 0;
  std::string listener;
  std::string peer;      // "127.0.0.1:51234", "unix:"
  std::string identity;  // the name in the client's certificate; empty: none
  std::string user;      // as given by the client for kAuth: escaped and cut at 128 bytes
  std::string command;   // "config|set", lower case from the table; "(unknown)" otherwise
  std::string reason;    // "key", "wrong_password", "rule 3", …
  std::string key;       // the argument that decided, or empty; written as audit.keys says
  std::vector<AuditTouch> touches;
  std::size_t touches_left_out = 0;
  std::string verdict;  // "denied", "failed", "ok", "observed", "allowed"
  std::uint64_t generation = 0;
  std::string detail;  // admin and reload: what was asked or why it failed
};

}  // namespace respgate::proxy
