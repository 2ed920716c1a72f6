#include "proxy/session/denial_record.h"

#include <utility>

namespace respgate::proxy {

void DenialRecord::note(AclLogEntry entry) {
  counts_[static_cast<std::size_t>(entry.reason)].fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  log_.add(std::move(entry));
}

DenialTotals DenialRecord::totals() const {
  using Reason = AclLogEntry::Reason;
  const auto count = [this](Reason reason) { return counts_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed); };
  DenialTotals totals;
  totals.certificate = count(Reason::kCertificate);
  totals.auth = count(Reason::kAuth) + totals.certificate;
  totals.command = count(Reason::kCommand);
  totals.key = count(Reason::kKey);
  totals.channel = count(Reason::kChannel);
  totals.database = count(Reason::kDatabase);
  return totals;
}

std::vector<AclLogEntry> DenialRecord::newest(std::size_t count) const {
  const std::lock_guard lock(mutex_);
  return log_.newest(count);
}

void DenialRecord::forget() {
  const std::lock_guard lock(mutex_);
  log_.clear();
}

}  // namespace respgate::proxy
