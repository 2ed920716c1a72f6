#include "proxy/lane/lane_end_log.h"

#include <spdlog/spdlog.h>

#include "proxy/common/log_text.h"

namespace respgate::proxy {

LogQuota& LaneEndLog::quota_of(LaneEnd why) {
  switch (why) {
    case LaneEnd::kUnreachable: return unreachable_;
    case LaneEnd::kRefusedCredentials: return refused_credentials_;
    case LaneEnd::kRefusedDatabase: return refused_database_;
    case LaneEnd::kDesync: return desyncs_;
    case LaneEnd::kTimeout: return timeouts_;
    case LaneEnd::kLost:
    case LaneEnd::kFinished: break;
  }
  return lost_;
}

void LaneEndLog::write(std::string_view use, std::string_view node, const LaneKey& key, const LaneReport& report, std::int64_t now_ms) {
  LogQuota& quota = quota_of(report.why);
  if (!quota.admits(now_ms)) return;
  spdlog::warn("upstream lane ended node={} db={} resp={} use={} reason=\"{}\" left_out={}", node, key.database, static_cast<int>(key.resp),
               use, log_text(report.text), quota.take_left_out());
}

}  // namespace respgate::proxy
