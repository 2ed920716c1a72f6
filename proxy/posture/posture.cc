#include "proxy/posture/posture.h"

#include "proxy/posture/sections.h"

namespace respgate::proxy {

std::vector<Finding> posture_of(const Snapshot& snapshot, std::int64_t now_s) {
  Findings findings;
  judge_reach(snapshot, findings);
  judge_users(snapshot, findings);
  judge_entrances(snapshot, findings);
  judge_commands(snapshot, findings);
  judge_storage(findings);
  judge_wires(snapshot, now_s, findings);
  judge_operation(snapshot, findings);
  judge_records(snapshot, findings);
  return findings.take();
}

bool is_told_at_start(const Finding& finding) {
  constexpr int kEncryptionOnTheWay = 5;
  if (finding.level == Finding::Level::kFail) return true;
  return finding.level == Finding::Level::kWarn && finding.sec == kEncryptionOnTheWay;
}

}  // namespace respgate::proxy
