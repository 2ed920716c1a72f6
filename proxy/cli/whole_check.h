// Loads everything `respgate run` would load, without listening or connecting, and says
// how it stands towards the seven security questions (proxy/posture/posture.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "proxy/config/config_error.h"
#include "proxy/posture/finding.h"

namespace respgate::proxy {

struct CheckReport {
  std::vector<ConfigError> errors;  // of the configuration in its order, then of the files it names
  std::string summary;              // one line of what is served; empty when there are errors
  std::vector<Finding> posture;     // empty when there are errors
};

// `now_s`: certificates end.
CheckReport check_everything(const std::filesystem::path& config_file, std::int64_t now_s);

}  // namespace respgate::proxy
