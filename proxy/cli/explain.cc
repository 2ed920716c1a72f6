#include <cstdio>

#include "proxy/cli/cli.h"
#include "proxy/cli/explanation.h"
#include "proxy/snapshot/policy_loader.h"

namespace respgate::proxy {
namespace {

constexpr int kExitDenied = 2;

int fail(const ConfigErrors& errors) {
  for (const ConfigError& error : errors.errors) std::fprintf(stderr, "%s\n", to_string(error).c_str());
  return kExitConfig;
}

}  // namespace

int run_explain(const ExplainOptions& options) {
  const ConfigResult config = load_config(options.config_file);
  if (!config) return fail(config.error());
  const PolicyResult policy = load_policy(*config, 1);
  if (!policy) return fail(policy.error());
  const auto explanation = explain(*config, *policy, options);
  if (!explanation) {
    std::fprintf(stderr, "respgate: %s\n", explanation.error().c_str());
    return kExitConfig;
  }
  std::fputs(explanation->text.c_str(), stdout);
  return explanation->allowed ? kExitOk : kExitDenied;
}

}  // namespace respgate::proxy
