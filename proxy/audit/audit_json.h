// One audit event as one line of JSON.  Every line has the same members in the same
// order, and is pure ASCII: text passes log_text() first, so that not even a reader
// that decodes the JSON (jq -r) meets a byte that a client could forge a line with.
//
//   {"time":"2024-05-17T09:30:00.123Z","kind":"denied","verdict":"denied","session":7,"listener":"gateway",
//    "peer":"10.0.3.9:51234","identity":"","user":"app","command":"get","reason":"key","key":"5d41402abc4b2a76",
//    "touches":["R#5d41402abc4b2a76"],"generation":3,"detail":""}
//
// What a command touches is told in the order of its arguments:
//
//   touch := access mark name | "E" | "+" N     E: keys that it does not name (SORT BY, GET); +N: so many more
//   access := "A" | "R" | "W" | "RW" | "C" | "P"   any, read, write, both; a channel, a pattern of channels
//   mark := "~" | "#" | ""                      the name itself, its hash, or no name: as audit.keys says
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit/audit_event.h"
#include "proxy/common/hmac.h"
#include "proxy/config/config.h"

namespace respgate::proxy {

// What may be told of the key that decided.  One thread at a time.
//
//   none   nothing
//   hash   the first 16 hex digits of HMAC-SHA256 under a random key that dies with the
//          process.  A bare SHA-256 would be no secret at all: keys are names like user:17,
//          and whoever holds the file could try them all.  The price: equal keys have
//          equal hashes within one run of the process only.
//   plain  the key itself, as log_text()
class KeyText {
 public:
  explicit KeyText(AuditConfig::Keys mode);    // throws std::runtime_error where there is no randomness
  std::string of(std::string_view key) const;  // "" for ""
  char mark() const;                           // '~', '#' or '\0': what stands before the name of what is touched

 private:
  AuditConfig::Keys mode_;
  std::optional<Hmac> hash_;  // kHash
};

std::string_view audit_kind_name(AuditEvent::Kind kind);  // "denied"

// Ends with a newline.  `detail` may be 1024 bytes long, every other text 128.
std::string audit_line(const AuditEvent& event, std::chrono::system_clock::time_point when, const KeyText& keys);

// Lines of JSON as one JSON array.
std::string json_array_of(std::string_view lines);

}  // namespace respgate::proxy
