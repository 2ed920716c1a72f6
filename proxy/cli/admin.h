// respgate admin: asks a running respgate something, or tells it to do something, over
// its admin port.  Made for exec probes and preStop hooks of images without a shell, and
// for hands: the answer goes to stdout, why not to stderr, and the exit code is 0 for
// yes, 1 for no (or for nobody there), 2 for a command line that cannot be.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): its library calls it so
class App;
}

namespace respgate::proxy {

struct AdminOptions {
  // Whom to ask: what the configuration says of its admin port, or an address.
  std::string config_file;
  std::string address;     // wins
  std::string token_file;  // empty: that of the configuration
  std::string timeout = "5s";
  // What to ask.
  std::string method = "GET";
  std::string path;                                             // "/readyz"
  std::vector<std::pair<std::string, std::string>> parameters;  // not encoded; those without a value are left out
  // Of a drain.
  std::string delay = "0s";  // before it is asked for
  bool waits = false;        // until the process is gone
};

int run_admin(const AdminOptions& options);

// The subcommand, with subcommands of its own.  `chosen` will be what runs once the whole line is understood.
void add_admin(CLI::App& app, AdminOptions& options, std::function<int()>& chosen);

}  // namespace respgate::proxy
