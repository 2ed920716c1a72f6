// What a configuration allows with open eyes, said again each time it is put in force.
#pragma once

#include <string>
#include <vector>

#include "proxy/config/config.h"

namespace respgate::proxy {

// One line for each setting that gives up a protection; empty: none does.
std::vector<std::string> warnings_about(const Config& config);

}  // namespace respgate::proxy
