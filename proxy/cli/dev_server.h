// A private valkey-server or redis-server for `respgate dev`: a child of this process
// on a unix socket that only this user can reach, which keeps nothing, and which ends
// when this process does, whatever the way (the kernel sees to that even on SIGKILL).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "proxy/cli/dev_directory.h"

namespace respgate::proxy {

// The full name of valkey-server, or else of redis-server, in the directories of `path` ("/usr/bin:/bin").
std::optional<std::string> find_server_program(std::string_view path);

class DevServer {
 public:
  // Starts the server and returns when it answers.  Throws std::runtime_error that says what to do: no
  // server is installed, or it ended (with its own words), or does not answer.
  // REQUIRES: called on the main thread.  The kernel ends the child with the thread that made it.
  DevServer();
  ~DevServer();
  DevServer(const DevServer&) = delete;
  DevServer& operator=(const DevServer&) = delete;

  const std::string& program() const { return program_; }  // "/usr/bin/redis-server"
  std::string socket_path() const { return directory_.file("server.sock"); }
  const DevDirectory& directory() const { return directory_; }
  pid_t pid() const { return pid_; }

 private:
  void start();
  void await_answer();
  bool has_ended_within(int milliseconds) const;
  bool answers() const;
  void end();

  std::string program_;
  DevDirectory directory_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
};

}  // namespace respgate::proxy
