#include <algorithm>
#include <cstdio>

#include "proxy/cli/cli.h"
#include "proxy/cli/whole_check.h"
#include "proxy/common/clock.h"

namespace respgate::proxy {
namespace {

int count_of(const std::vector<Finding>& findings, Finding::Level level) {
  return static_cast<int>(std::count_if(findings.begin(), findings.end(), [&](const Finding& each) { return each.level == level; }));
}

int print_posture(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) std::printf("%s\n", to_line(finding).c_str());
  const int warn = count_of(findings, Finding::Level::kWarn), fail = count_of(findings, Finding::Level::kFail);
  std::printf("posture: %d ok, %d warn, %d FAIL\n", count_of(findings, Finding::Level::kOk), warn, fail);
  return warn + fail;
}

}  // namespace

// What is found is this command's output, so it goes to stdout, as with other checkers.
int run_check(const CheckOptions& options) {
  const CheckReport report = check_everything(options.config_file, unix_s());
  for (const ConfigError& error : report.errors) std::printf("%s\n", to_string(error).c_str());
  if (!report.errors.empty()) return kExitConfig;
  std::printf("%s\n", report.summary.c_str());
  const int faults = print_posture(report.posture);
  return options.strict && faults > 0 ? kExitConfig : kExitOk;
}

}  // namespace respgate::proxy
