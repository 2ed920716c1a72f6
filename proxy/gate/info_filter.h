// INFO as a client of the proxy gets it: the server's reply
//   - without what would let a client find its way around the proxy, the addresses of
//     the node's primary, replicas and own listeners;
//   - with the proxy's own refusals where the server counts its own (acl_access_denied_…
//     in Stats, which Redis 7.0 does not have yet): the ACL in force is the proxy's;
//   - with a section about the proxy, where it was asked for.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/resp.h"
#include "proxy/gate/process_view.h"

namespace respgate::proxy {

// What INFO says of the proxy.  Nothing of it helps whoever attacks it: no user, no lockout, no address.
struct ProxyInfo {
  ProcessReport process;
  std::uint64_t policy_generation = 0;
  bool observes = false;  // enforcement: observe
};

enum class ProxySection : std::uint8_t { kNo, kYes };

// Does this INFO ask for the section `Respgate`: by name, or as one of all, of everything or of what there is by default?
ProxySection proxy_section_of(protocol::Args args);

// Appends `reply` (a bulk or verbatim string; others are left as they are) to `out`.
// `proxy` null: only the addresses are taken out.
void append_filtered_info(std::string& out, std::string_view reply, const ProxyInfo* proxy = nullptr,
                          ProxySection section = ProxySection::kNo);

}  // namespace respgate::proxy
