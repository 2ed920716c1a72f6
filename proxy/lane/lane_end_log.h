// The log lines of lanes that ended. A node that is down is dialled again and again, and
// takes every lane with it: a few lines tell that, metrics count all. What a node cannot
// have meant is told more often, since each such line may be another matter.
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
  LogQuota losses_{5, 10'000};
  LogQuota desyncs_{20};
};

}  // namespace respgate::proxy
