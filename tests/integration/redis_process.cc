#include "tests/integration/redis_process.h"

#include <exception>
#include <stdexcept>

namespace respgate::test {

RedisProcess::RedisProcess(const TemporaryDirectory& directory, const std::string& name, const std::string& users_file)
    : path_(directory.file(name + ".sock")), log_(directory.file(name + ".log")) {
  command_ = {"redis-server", "--port", "0", "--unixsocket", path_, "--save", "", "--appendonly", "no", "--dir", directory.file("")};
  if (!users_file.empty()) command_.insert(command_.end(), {"--aclfile", users_file});
  start();
}

void RedisProcess::start_silently() { process_ = ChildProcess(command_, log_); }

void RedisProcess::start() {
  start_silently();
  wait_until(
      [this] {
        if (!process_.is_running()) throw std::runtime_error("redis-server left; see its log " + log_);
        try {
          connect().call({"PING"});
          return true;
        } catch (const std::exception&) {
          return false;
        }
      },
      "redis-server answers");
}

RespConnection RedisProcess::connect_as(const std::string& user, const std::string& password) const {
  RespConnection connection = connect();
  const Reply reply = connection.call({"AUTH", user, password});
  if (reply.is_error()) throw std::runtime_error("AUTH " + user + ": " + reply.text);
  return connection;
}

}  // namespace respgate::test
