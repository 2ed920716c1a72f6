// A redis-server on a unix socket, without persistence; it may be killed and
// started again at the same address.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/child_process.h"
#include "tests/integration/resp_connection.h"
#include "tests/integration/temporary_directory.h"

namespace respgate::test {

class RedisProcess {
 public:
  // `users_file`: an aclfile, or empty.  Returns when it answers.
  RedisProcess(const TemporaryDirectory& directory, const std::string& name, const std::string& users_file = {});

  const std::string& path() const { return path_; }
  RespConnection connect() const { return RespConnection(path_); }
  // Throws when the login fails.
  RespConnection connect_as(const std::string& user, const std::string& password) const;
  void kill() { process_.kill(); }
  void start();           // returns when it answers
  void start_silently();  // returns at once
  bool is_running() { return process_.is_running(); }

 private:
  std::string path_;
  std::string log_;
  std::vector<std::string> command_;
  ChildProcess process_;
};

}  // namespace respgate::test
