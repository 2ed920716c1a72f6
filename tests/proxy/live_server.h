// A redis-server of one's own, on a unix socket in a temporary directory, for tests
// that compare with what the real one says.  Ends with the object.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_scanner.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {

class LiveServer {
 public:
  // Returns once the server takes connections.
  LiveServer() : socket_path_(directory_.file("redis.sock")) {
    start();
    wait_until_ready();
    connect_client();
  }
  ~LiveServer() {
    if (client_ >= 0) close(client_);
    close(log_);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  // The reply's bytes, in the version last set.
  std::string call(const std::vector<std::string_view>& args) {
    std::string request = "*" + std::to_string(args.size()) + "\r\n";
    for (const std::string_view arg : args) request.append("$" + std::to_string(arg.size()) + "\r\n").append(arg).append("\r\n");
    if (write(client_, request.data(), request.size()) != static_cast<ssize_t>(request.size())) throw std::runtime_error("write");
    return read_reply();
  }

  void set_version(protocol::RespVersion version) {
    version_ = protocol::RespVersion::kResp3;  // the reply comes in the new one
    if (version == protocol::RespVersion::kResp2) version_ = version;
    call({"HELLO", version == protocol::RespVersion::kResp2 ? "2" : "3"});
  }

 private:
  void start() {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    log_ = pipe_ends[0];
    pid_ = fork();
    if (pid_ == 0) become_server(pipe_ends[1]);
    close(pipe_ends[1]);
    if (pid_ < 0) throw std::runtime_error("fork");
  }

  [[noreturn]] void become_server(int log) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test crashes
    dup2(log, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path_.c_str(), "--save", "", "--appendonly", "no",
           static_cast<char*>(nullptr));
    _exit(127);
  }

  void wait_until_ready() {
    std::string log;
    char buffer[4096];
    while (log.find("ready to accept connections") == std::string::npos) {
      const ssize_t n = read(log_, buffer, sizeof buffer);
      if (n <= 0) throw std::runtime_error("redis-server ended: " + log);
      log.append(buffer, static_cast<std::size_t>(n));
    }
  }

  void connect_client() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path_.size() >= sizeof address.sun_path) throw std::runtime_error("path is too long: " + socket_path_);
    std::memcpy(address.sun_path, socket_path_.c_str(), socket_path_.size());
    client_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(client_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
  }

  std::string read_reply() {
    protocol::ReplyScanner scanner(version_);
    std::string wire;
    char buffer[65536];
    while (true) {
      switch (scanner.scan(wire)) {
        case protocol::ReplyScanner::Status::kComplete: return wire;
        case protocol::ReplyScanner::Status::kError: throw std::runtime_error(std::string(scanner.error()));
        case protocol::ReplyScanner::Status::kNeedMore: break;
      }
      const ssize_t n = read(client_, buffer, sizeof buffer);
      if (n <= 0) throw std::runtime_error("redis-server closed the connection");
      wire.append(buffer, static_cast<std::size_t>(n));
    }
  }

  TemporaryDirectory directory_;
  std::string socket_path_;
  protocol::RespVersion version_ = protocol::RespVersion::kResp2;
  pid_t pid_ = -1;
  int log_ = -1;
  int client_ = -1;
};

}  // namespace respgate::proxy
