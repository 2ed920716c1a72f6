// What a gate asks of the process it is in, and cannot know by itself: what was refused
// to all clients of all workers, and who has guessed too often.  Any worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/gate/acl_log.h"

namespace respgate::proxy {

// Refusals since the start, by what was refused: as the counters of /metrics sum up.
struct DenialTotals {
  std::uint64_t auth = 0;  // failed logins, those of certificates among them
  std::uint64_t certificate = 0;
  std::uint64_t command = 0;
  std::uint64_t key = 0;
  std::uint64_t channel = 0;
  std::uint64_t database = 0;
};

struct ProcessReport {
  DenialTotals denials;
  std::int64_t uptime_s = 0;
  std::size_t workers = 0;
  std::size_t clients = 0;  // connected now
};

// What is to become of a login.
struct LoginRuling {
  bool is_refused = false;    // whatever the password was
  std::int64_t delay_ms = 0;  // before a failed one is answered
};

class ProcessView {
 public:
  virtual ProcessReport report() const = 0;
  virtual std::vector<AclLogEntry> newest_denials(std::size_t count) const = 0;
  virtual void forget_denials() = 0;
  // Somebody at `source` tried `user`; asked once for each try, with the same work whatever came of it.
  virtual LoginRuling judge_login(std::string_view source, std::string_view user, bool is_right) = 0;

 protected:
  ~ProcessView() = default;
};

}  // namespace respgate::proxy
