#include "proxy/gate/tracking.h"

#include "protocol/text.h"

namespace respgate::proxy {

TrackingRequest read_tracking(protocol::Args args) {
  TrackingRequest request;
  request.on = args.size() > 2 && protocol::is_option(args[2], "on");
  for (std::size_t i = 3; i < args.size(); ++i) {
    if (protocol::is_option(args[i], "bcast")) {
      request.broadcast = true;
    } else if (protocol::is_option(args[i], "prefix")) {
      ++i;  // a prefix may look like an option
    } else if (i + 1 < args.size() && protocol::is_option(args[i], "redirect")) {
      request.redirect = ++i;
    }
  }
  return request;
}

}  // namespace respgate::proxy
