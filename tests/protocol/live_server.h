// A redis-server of one's own, for tests that compare us with a real one: on a unix
// socket in a temporary directory, without persistence, ended when this object is,
// or when the test dies however it dies.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace respgate::protocol {

class LiveServer {
 public:
  LiveServer() {
    std::string name = (std::filesystem::temp_directory_path() / "respgate-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    std::ofstream(directory_ / "redis.conf") << "port 0\nunixsocket " << socket_path() << "\ndir " << directory_.string()
                                             << "\nsave \"\"\nappendonly no\nenable-debug-command yes\n";
    launch();
  }
  ~LiveServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  std::string socket_path() const { return (directory_ / "socket").string(); }

  // A connected socket.  The caller closes it.
  int connect() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) throw std::runtime_error("cannot connect");
    return fd;
  }

 private:
  void launch() {
    int output[2];
    if (::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    child_ = ::fork();
    if (child_ == 0) become_server(output[1]);
    ::close(output[1]);
    wait_until_ready(output[0]);
    ::close(output[0]);
  }

  [[noreturn]] void become_server(int output) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGPIPE, SIG_IGN);  // nobody reads the log once the server is ready
    ::dup2(output, STDOUT_FILENO);
    ::execlp("redis-server", "redis-server", (directory_ / "redis.conf").c_str(), nullptr);
    ::_exit(127);
  }

  // The server says on its standard output when it listens.
  static void wait_until_ready(int output) {
    std::string log;
    char bytes[4096];
    for (ssize_t n = 0; (n = ::read(output, bytes, sizeof(bytes))) > 0;) {
      log.append(bytes, static_cast<std::size_t>(n));
      if (log.find("ready to accept connections at") != std::string::npos ||
          log.find("Ready to accept connections unix") != std::string::npos)
        return;
    }
    throw std::runtime_error("redis-server did not start: " + log);
  }

  std::filesystem::path directory_;
  pid_t child_ = -1;
};

}  // namespace respgate::protocol
