#include <cstdio>

#include "proxy/cli/cli.h"
#include "proxy/cli/whole_check.h"

namespace respgate::proxy {

// What is found is this command's output, so it goes to stdout, as with other checkers.
int run_check(const CheckOptions& options) {
  const CheckReport report = check_everything(options.config_file);
  for (const ConfigError& error : report.errors) std::printf("%s\n", to_string(error).c_str());
  if (!report.errors.empty()) return kExitConfig;
  std::printf("%s\n", report.summary.c_str());
  return kExitOk;
}

}  // namespace respgate::proxy
