#include "proxy/cli/dev_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace respgate::proxy {
namespace {

constexpr std::chrono::seconds kStartTimeout{30};
constexpr int kBetweenTriesMs = 10;
constexpr std::size_t kShownLogBytes = 2000;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

std::string installed_program() {
  const char* path = std::getenv("PATH");
  const std::optional<std::string> program = find_server_program(path != nullptr ? path : "/usr/bin:/bin");
  if (program) return *program;
  throw std::runtime_error("neither valkey-server nor redis-server is installed: apt-get install redis-server");
}

std::string tail_of(const std::string& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return text.size() > kShownLogBytes ? text.substr(text.size() - kShownLogBytes) : text;
}

// Everything the child needs, made before the fork: after it, only async-signal-safe calls are allowed.
struct Launch {
  const char* program;
  std::vector<char*> arguments;  // ends with nullptr
  int input;
  int output;
  pid_t parent;
};

[[noreturn]] void become_server(const Launch& launch) {
  // Die with the parent; if it was gone before the kernel knew, it is not our parent any more.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != launch.parent) _exit(EXIT_FAILURE);
  setpgid(0, 0);  // Ctrl-C is for the proxy, which then ends us
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(number, SIG_DFL);
  if (dup2(launch.input, STDIN_FILENO) < 0 || dup2(launch.output, STDOUT_FILENO) < 0 || dup2(launch.output, STDERR_FILENO) < 0) {
    _exit(EXIT_FAILURE);
  }
  execv(launch.program, launch.arguments.data());
  _exit(EXIT_FAILURE);
}

}  // namespace

std::optional<std::string> find_server_program(std::string_view path) {
  for (const char* name : {"valkey-server", "redis-server"}) {
    for (std::string_view rest = path; !rest.empty();) {
      const std::size_t colon = rest.find(':');
      std::string program = std::string(rest.substr(0, colon)) + "/" + name;
      if (program.front() == '/' && access(program.c_str(), X_OK) == 0) return program;
      rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
    }
  }
  return std::nullopt;
}

DevServer::DevServer() : program_(installed_program()) {
  start();
  try {
    await_answer();
  } catch (...) {
    end();
    throw;
  }
}

DevServer::~DevServer() { end(); }

void DevServer::start() {
  std::vector<std::string> words{program_, "--port",       "0",  "--unixsocket", socket_path(),     "--unixsocketperm", "700", "--save",
                                 "",       "--appendonly", "no", "--dir",        directory_.path(), "--daemonize",      "no",  "--logfile",
                                 ""};
  Launch launch{program_.c_str(), {}, -1, -1, getpid()};
  for (std::string& word : words) launch.arguments.push_back(word.data());
  launch.arguments.push_back(nullptr);
  launch.input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  launch.output = open(directory_.write("server.log", "").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  pid_ = fork();
  if (pid_ == 0) become_server(launch);
  close(launch.input);
  close(launch.output);
  if (pid_ < 0) fail("cannot start " + program_);
  // glibc 2.36 declares pidfd_open() in a way that C++ cannot link.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

void DevServer::await_answer() {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (!answers()) {
    if (has_ended_within(kBetweenTriesMs))
      throw std::runtime_error(program_ + " ended at once:\n" + tail_of(directory_.file("server.log")));
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(program_ + " does not answer on " + socket_path());
  }
}

bool DevServer::has_ended_within(int milliseconds) const {
  pollfd child{pidfd_, POLLIN, 0};
  return poll(&child, 1, milliseconds) > 0;
}

bool DevServer::answers() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(probe, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::array<char, 7> reply{};
  const bool is_alive = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                        send(probe, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && recv(probe, reply.data(), reply.size(), MSG_WAITALL) == 7 &&
                        std::string_view(reply.data(), reply.size()) == "+PONG\r\n";
  close(probe);
  return is_alive;
}

// There is nothing to save, so there is nothing to wait for.
void DevServer::end() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(pidfd_);
  pid_ = -1;
}

}  // namespace respgate::proxy
