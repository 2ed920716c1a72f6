// What a configuration says of the server, as gates want to know it.
#pragma once

#include "proxy/config/config.h"
#include "proxy/gate/gate.h"

namespace respgate::proxy {

ServerFacts server_facts(const Config& config);

}  // namespace respgate::proxy
