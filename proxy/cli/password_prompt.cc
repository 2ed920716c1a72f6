#include "proxy/cli/password_prompt.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "acl/authenticator.h"

namespace respgate::proxy {
namespace {

// Until destroyed, the terminal shows nothing, and a signal that would end the process is only noticed, in
// signals(); afterwards the echo is back and the signal does its work.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&ending, signal);
    ::sigprocmask(SIG_BLOCK, &ending, &mask_before_);
    signals_ = ::signalfd(-1, &ending, SFD_CLOEXEC);
    ::tcgetattr(fd_, &shown_);
    termios silent = shown_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    ::tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    ::tcsetattr(fd_, TCSANOW, &shown_);
    if (signals_ >= 0) ::close(signals_);
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  int signals() const { return signals_; }

 private:
  int fd_;
  int signals_ = -1;
  termios shown_{};
  sigset_t mask_before_{};
};

// Nothing to report: `text` ends where the input does, or at the first byte over the limit.
bool read_to_end(int fd, std::string& text) {
  char chunk[1024];
  while (text.size() <= acl::kMaxPasswordBytes + 1) {
    const ssize_t n = ::read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0;
    text.append(chunk, static_cast<std::size_t>(n));
  }
  return true;
}

// A terminal cuts longer lines without a word (termios(3), canonical mode).
constexpr std::size_t kMaxTerminalLine = 4096;

// False: a signal came, the terminal went, or the line may be cut.
bool read_line(int fd, std::string& text) {
  bool complete = false;
  {
    const SilentTerminal silent(fd);  // before asking: whoever answers at once is not to be shown or forgotten
    std::fputs("Password: ", stderr);
    pollfd waiting[] = {{fd, POLLIN, 0}, {silent.signals(), POLLIN, 0}};
    if (::poll(waiting, 2, -1) > 0 && waiting[1].revents == 0) {
      char line[acl::kMaxPasswordBytes + 2];
      const ssize_t n = ::read(fd, line, sizeof line);  // canonical mode: one line
      if (n > 0) text.assign(line, static_cast<std::size_t>(n));
      complete = n >= 0 && static_cast<std::size_t>(n) < kMaxTerminalLine;
    }
    std::fputs("\n", stderr);
  }
  return complete;
}

}  // namespace

boost::system::result<Password, PasswordProblem> read_password(int fd) {
  std::string text;
  const bool complete = ::isatty(fd) == 1 ? read_line(fd, text) : read_to_end(fd, text);
  if (!complete) return PasswordProblem{"the password could not be read"};
  if (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return PasswordProblem{"an empty password would let in whoever knows the name: give one of at least one byte"};
  if (text.size() > acl::kMaxPasswordBytes)
    return PasswordProblem{"a password of more than 4096 bytes can never log in: give a shorter one"};
  if (text.find('\n') != std::string::npos) return PasswordProblem{"more than one line: give the password alone"};
  return Password{std::move(text)};
}

}  // namespace respgate::proxy
