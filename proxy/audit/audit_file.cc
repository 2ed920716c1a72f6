#include "proxy/audit/audit_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace respgate::proxy {
namespace {

constexpr std::string_view kStdout = "stdout";

[[noreturn]] void throw_cannot_open(const std::string& path, int error) {
  const std::string what = error == ELOOP ? ": is a symbolic link; write the path it leads to" : "";
  throw std::system_error(error, std::generic_category(), "audit.file " + path + what);
}

int open_for_append(const std::string& path) {
  if (path == kStdout) {
    const int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) throw_cannot_open(path, errno);
    return copy;
  }
  // O_NONBLOCK: a FIFO without a reader is an error to report, not to wait for.
  const int descriptor = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
  if (descriptor < 0) throw_cannot_open(path, errno);
  return descriptor;
}

std::size_t count_lines(std::string_view text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

AuditFile::AuditFile(std::string path) : path_(std::move(path)) { adopt(open_for_append(path_)); }

AuditFile::~AuditFile() { close(descriptor_); }

void AuditFile::reopen() {
  if (path_ != kStdout) adopt(open_for_append(path_));
}

void AuditFile::adopt(int descriptor) {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = descriptor;
  struct stat status {};
  is_own_regular_file_ = path_ != kStdout && fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  is_stalled_ = false;
  is_torn_ = false;
}

AuditFile::Outcome AuditFile::append(std::string_view lines) {
  Outcome outcome;
  if (is_torn_) {
    if (write_some("\n", outcome.error) == 0) return {count_lines(lines), outcome.error};
    is_torn_ = false;
  }
  std::size_t written = 0;
  while (written < lines.size() && !outcome.error) written += write_some(lines.substr(written), outcome.error);
  outcome.lines_lost = count_lines(lines.substr(written));
  const std::size_t last_end = written == 0 ? std::string_view::npos : lines.rfind('\n', written - 1);
  const std::size_t whole = last_end == std::string_view::npos ? 0 : last_end + 1;
  if (whole < written) mend(written - whole);
  return outcome;
}

std::size_t AuditFile::write_some(std::string_view bytes, std::error_code& error) {
  // Up to PIPE_BUF bytes, a pipe that polls writable takes without blocking.
  if (!is_own_regular_file_) bytes = bytes.substr(0, PIPE_BUF);
  while (is_own_regular_file_ || is_writable(error)) {
    const ssize_t n = write(descriptor_, bytes.data(), bytes.size());
    if (n > 0) return static_cast<std::size_t>(n);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN && !is_own_regular_file_) continue;
    error.assign(n < 0 ? errno : EIO, std::generic_category());
    return 0;
  }
  return 0;
}

bool AuditFile::is_writable(std::error_code& error) {
  pollfd wanted{descriptor_, POLLOUT, 0};
  const int ready = poll(&wanted, 1, is_stalled_ ? 0 : static_cast<int>(kStall.count()));
  is_stalled_ = ready <= 0;
  if (is_stalled_) error = std::make_error_code(std::errc::timed_out);
  return !is_stalled_;
}

void AuditFile::mend(std::size_t torn_bytes) {
  struct stat status {};
  // With O_APPEND the offset is where our last byte ended: only our own tail is ever cut off.
  const bool is_tail = is_own_regular_file_ && fstat(descriptor_, &status) == 0 && lseek(descriptor_, 0, SEEK_CUR) == status.st_size;
  is_torn_ = !is_tail || ftruncate(descriptor_, status.st_size - static_cast<off_t>(torn_bytes)) != 0;
}

}  // namespace respgate::proxy
