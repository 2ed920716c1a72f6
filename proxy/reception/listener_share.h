// What the workers know together of one listener: how many clients it has, in all and
// of each source.  Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "proxy/common/ip_network.h"
#include "proxy/metrics/metrics.h"

namespace respgate::proxy {

class SourceCounts {
 public:
  static constexpr std::size_t kNoLimit = SIZE_MAX;
  // False: there are `limit` already; not counted.
  bool add(const Ip& source, std::size_t limit);
  void remove(const Ip& source);

 private:
  std::mutex mutex_;
  std::unordered_map<Ip, std::size_t, IpHash> counts_;  // bounded by the connections there are
};

// Made once for each name and never moved, as its metrics are.
struct ListenerShare {
  explicit ListenerShare(ListenerMetrics& counted) : metrics(counted) {}

  ListenerMetrics& metrics;
  std::atomic<std::size_t> connections{0};
  SourceCounts sources;
};

}  // namespace respgate::proxy
