// A program started by a test and ended by its own pid, at the latest with the
// object.  Its output goes to a file.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace respgate::test {

class ChildProcess {
 public:
  ChildProcess() = default;
  // Throws std::system_error when it cannot be started.
  ChildProcess(const std::vector<std::string>& command, const std::string& output_file);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t pid() const { return pid_; }
  bool is_running();  // notices when it has left
  void signal(int number) const;
  // SIGKILL, and waits.
  void kill();
  // Waits up to `deadline_seconds`; the exit status, or -1 - signal; SIGKILL past the deadline.
  int wait(double deadline_seconds);

 private:
  pid_t pid_ = -1;
  int status_ = 0;
};

// How long a test waits for what must happen: RESPGATE_TEST_DEADLINE seconds, 30 without it.
double test_deadline();
// Polls until the condition holds; throws std::runtime_error naming `what` at the deadline.
void wait_until(const std::function<bool()>& condition, std::string_view what);

}  // namespace respgate::test
