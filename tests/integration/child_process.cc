#include "tests/integration/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace respgate::test {
namespace {

using Clock = std::chrono::steady_clock;

// The pace of polling, not a time that anything is given.
void pause_between_polls() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const std::string& output_file) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int error = ::posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), command[0]);
}

ChildProcess::~ChildProcess() { kill(); }

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
    status_ = other.status_;
  }
  return *this;
}

bool ChildProcess::is_running() {
  if (pid_ < 0) return false;
  if (::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  return pid_ >= 0;
}

void ChildProcess::signal(int number) const {
  if (pid_ >= 0) ::kill(pid_, number);
}

void ChildProcess::kill() {
  if (!is_running()) return;
  signal(SIGKILL);
  ::waitpid(pid_, &status_, 0);
  pid_ = -1;
}

int ChildProcess::wait(double deadline_seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(deadline_seconds);
  while (is_running() && Clock::now() < end) pause_between_polls();
  kill();
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1 - WTERMSIG(status_);
}

double test_deadline() {
  const char* given = ::getenv("RESPGATE_TEST_DEADLINE");
  return given == nullptr ? 30 : ::strtod(given, nullptr);
}

void wait_until(const std::function<bool()>& condition, std::string_view what) {
  const auto end = Clock::now() + std::chrono::duration<double>(test_deadline());
  while (!condition()) {
    if (Clock::now() > end) throw std::runtime_error("not within the deadline: " + std::string(what));
    pause_between_polls();
  }
}

}  // namespace respgate::test
