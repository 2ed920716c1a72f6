#include "tests/integration/gate_process.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <regex>
#include <stdexcept>

namespace respgate::test {

std::string gate_binary() {
  const char* given = ::getenv("RESPGATE");
  return given == nullptr ? RESPGATE_BINARY : given;
}

std::uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(probe);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

GateProcess::GateProcess(const TemporaryDirectory& directory, const Options& options, const std::string& probe_user)
    : directory_(directory), path_(directory.file("gate.sock")), port_(free_port()) {
  const std::string config = directory.write(
      "gate.yaml", "workers: " + std::to_string(options.workers) + "\nlisteners:\n  - {name: local, address: \"unix:" + path_ +
                       "\"}\n  - {name: tcp, address: \"127.0.0.1:" + std::to_string(port_) + "\"}\nupstream:\n  nodes: [\"" +
                       options.upstream + "\"]\nusers:\n  file: " + directory.write("users.acl", options.users) +
                       "\ncommands: {server_texts: \"7.0\"}\nshutdown: {grace: 5s}\n" + options.more);
  process_ = ChildProcess({gate_binary(), "run", "-c", config}, directory.file("gate.log"));
  wait_until([&] { return serves(probe_user); }, "respgate serves");
}

bool GateProcess::serves(const std::string& probe_user) {
  if (!process_.is_running()) throw std::runtime_error("respgate left: " + log());
  try {
    return !connect_as(probe_user).call({"GET", probe_user + ":probe"}).is_error();
  } catch (const std::exception&) {
    return false;
  }
}

RespConnection GateProcess::connect_as(const std::string& user) const {
  RespConnection connection(path_);
  const Reply reply = connection.call({"AUTH", user, user + "-secret"});
  if (reply.is_error()) throw std::runtime_error("AUTH " + user + ": " + reply.text);
  return connection;
}

std::string GateProcess::log() const { return directory_.read("gate.log"); }

std::string GateProcess::stop() {
  process_.signal(SIGTERM);
  const int status = process_.wait(test_deadline());
  const std::string told = log();
  std::smatch report;
  if (std::regex_search(told, report, std::regex("(ERROR|WARNING): \\w+Sanitizer|runtime error:")))
    return told.substr(static_cast<std::size_t>(report.position()), 6000);
  if (status != 0) return "status " + std::to_string(status) + ": " + told.substr(told.size() - std::min<std::size_t>(told.size(), 4000));
  return {};
}

}  // namespace respgate::test
