// What the whole process has refused since it started: how often, and the newest of it
// (ACL LOG).  Thread-safe: refusals are rare, so one mutex serves all workers.  It is
// held for a comparison with ten entries and a few moves, never while a text is made;
// a reader copies 128 entries under it.  A client who is refused as fast as he can ask
// costs his own worker, and the others next to nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "proxy/gate/process_view.h"

namespace respgate::proxy {

class DenialRecord {
 public:
  void note(AclLogEntry entry);
  DenialTotals totals() const;
  std::vector<AclLogEntry> newest(std::size_t count) const;
  // The newest, not how many there were.
  void forget();

 private:
  static constexpr std::size_t kReasons = 6;
  std::array<std::atomic<std::uint64_t>, kReasons> counts_{};  // by AclLogEntry::Reason
  mutable std::mutex mutex_;
  AclLog log_;
};

}  // namespace respgate::proxy
