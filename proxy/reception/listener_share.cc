#include "proxy/reception/listener_share.h"

namespace respgate::proxy {

bool SourceCounts::add(const Ip& source, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::size_t& count = counts_[source];
  if (count >= limit) return false;
  ++count;
  return true;
}

void SourceCounts::remove(const Ip& source) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(source);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace respgate::proxy
