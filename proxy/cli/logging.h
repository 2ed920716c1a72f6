// The operator's log: one line per event on stderr, key=value, never a secret.
#pragma once

#include "proxy/cli/cli.h"

namespace respgate::proxy {

// Once, before the first line.  False: the level or the format is unknown.
bool set_up_logging(const LogOptions& options);

}  // namespace respgate::proxy
