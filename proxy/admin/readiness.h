// Can clients be served right now, and if not, why; what /readyz says.
#pragma once

#include <string>

namespace respgate::proxy {

struct Readiness {
  bool ready = false;
  std::string why_not;  // printable
};

}  // namespace respgate::proxy
