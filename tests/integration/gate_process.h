// A running `respgate run`.  Its end is judged: status 0 and no sanitizer's report.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/integration/child_process.h"
#include "tests/integration/resp_connection.h"
#include "tests/integration/temporary_directory.h"

namespace respgate::test {

// The binary under test: RESPGATE of the environment, else the one this was built with.
std::string gate_binary();
// A loopback port that was free a moment ago.
std::uint16_t free_port();

class GateProcess {
 public:
  struct Options {
    std::string upstream;  // "unix:/path" or "host:port"
    std::string users;     // text of users.acl
    unsigned workers = 2;
    std::string more;  // further YAML, at the top level
  };

  // Listens on a unix socket and on a loopback port; returns when a client of `probe_user` (password
  // "<user>-secret") gets through to the upstream.
  GateProcess(const TemporaryDirectory& directory, const Options& options, const std::string& probe_user);

  const std::string& path() const { return path_; }
  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_.pid(); }
  RespConnection connect_as(const std::string& user) const;
  bool is_running() { return process_.is_running(); }

  // SIGTERM; gives what was wrong with its end, or nothing.
  std::string stop();
  std::string log() const;

 private:
  bool serves(const std::string& probe_user);

  const TemporaryDirectory& directory_;
  std::string path_;
  std::uint16_t port_ = 0;
  ChildProcess process_;
};

}  // namespace respgate::test
