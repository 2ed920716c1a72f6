// What of a configuration a running process cannot take up: threads, sockets and files
// that it holds for as long as it lives.  Pure.
#pragma once

#include <vector>

#include "proxy/config/config.h"

namespace respgate::proxy {

// Whatever the file leaves to the machine stays what it was found to be at the start, though the machine is another now.
void keep_what_was_found(const Config& running, Config& wanted);

// One error for each such key in which `wanted` differs from what runs, with its place and path; empty: all of it can
// be changed while running.
std::vector<ConfigError> restart_needed(const Config& running, const Config& wanted);

}  // namespace respgate::proxy
