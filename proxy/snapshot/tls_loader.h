// Makes TLS contexts of what a configuration says: reads the files it names, which
// decide who is trusted and must not be others' to write.
#pragma once

#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "proxy/config/config.h"
#include "tls/context.h"

namespace respgate::proxy {

struct TlsContexts {
  std::vector<tls::ServerContextPtr> listeners;  // by index of configuration; null: plain text
  tls::ClientContextPtr upstream;                // null: plain text
};

// All of it, or everything that is wrong, each with the key that names the file.
boost::system::result<TlsContexts, ConfigErrors> load_tls(const Config& config);

// Every file that load_tls() reads, but the system's authorities.
std::vector<std::string> tls_files(const Config& config);

}  // namespace respgate::proxy
