// Loads everything `respgate run` would load, without listening or connecting.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "proxy/config/config_error.h"

namespace respgate::proxy {

struct CheckReport {
  std::vector<ConfigError> errors;  // of the configuration in its order, then of the files it names
  std::string summary;              // one line of what is served; empty when there are errors
};

CheckReport check_everything(const std::filesystem::path& config_file);

}  // namespace respgate::proxy
