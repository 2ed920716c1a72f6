#include "proxy/posture/finding.h"

#include <algorithm>
#include <utility>

namespace respgate::proxy {

std::string_view level_name(Finding::Level level) {
  switch (level) {
    case Finding::Level::kOk: return "ok";
    case Finding::Level::kWarn: return "warn";
    case Finding::Level::kFail: break;
  }
  return "FAIL";
}

std::string to_line(const Finding& finding) {
  constexpr std::size_t kLevelWidth = 4;
  std::string level(level_name(finding.level));
  level.resize(kLevelWidth, ' ');
  std::string line = "SEC " + std::to_string(finding.sec) + "  " + level + "  " + finding.what;
  if (finding.why.empty()) return line;
  return line + "  (" + finding.why + (finding.write.empty() ? "" : "; " + finding.write) + ")";
}

void Findings::ok(int sec, std::string what, std::string why) {
  found_.push_back({sec, Finding::Level::kOk, std::move(what), std::move(why), ""});
}

void Findings::warn(int sec, std::string what, std::string why, std::string write) {
  found_.push_back({sec, Finding::Level::kWarn, std::move(what), std::move(why), std::move(write)});
}

void Findings::fail(int sec, std::string what, std::string why, std::string write) {
  found_.push_back({sec, Finding::Level::kFail, std::move(what), std::move(why), std::move(write)});
}

std::vector<Finding> Findings::take() {
  std::stable_sort(found_.begin(), found_.end(), [](const Finding& a, const Finding& b) { return a.sec < b.sec; });
  return std::exchange(found_, {});
}

}  // namespace respgate::proxy
