// The log lines of lanes that ended. A node that is down is dialled again and again, and
// takes every lane with it: a few lines tell that, metrics count all. Each reason has
// lines of its own, so that the next one is told of while one before it goes on. What a
// node cannot have meant is told more often, since each such line may be another matter.
// Lives on one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/common/log_quota.h"
#include "proxy/lane/lane.h"

namespace respgate::proxy {

class LaneEndLog {
 public:
  // `use`: "shared" or "pinned".  May be left out; the next line that is not says how many were.
  void write(std::string_view use, std::string_view node, const LaneKey& key, const LaneReport& report, std::int64_t now_ms);

 private:
  LogQuota& quota_of(LaneEnd why);

  LogQuota unreachable_{5, 10'000}, refused_credentials_{5, 10'000}, refused_database_{5, 10'000}, lost_{5, 10'000}, timeouts_{5, 10'000};
  LogQuota desyncs_{20};
};

}  // namespace respgate::proxy
