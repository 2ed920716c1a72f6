#include "proxy/audit/audit_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <utility>

namespace respgate::proxy {
namespace {

constexpr std::string_view kStdout = "stdout";
// O_NONBLOCK: a FIFO without a reader is an error to report, not to wait for.
constexpr int kAppend = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
constexpr mode_t kMode = 0640;
constexpr int kMostTries = 8;

std::error_code last_error() { return {errno, std::generic_category()}; }

[[noreturn]] void throw_cannot_open(const std::string& path, int error) {
  const std::string what = error == ELOOP         ? ": is a symbolic link; write the path it leads to"
                           : error == EWOULDBLOCK ? ": another process writes it; give each respgate a file of its own"
                                                  : "";
  throw std::system_error(error, std::generic_category(), "audit.file " + path + what);
}

bool is_regular(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

bool is_called(int descriptor, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return fstat(descriptor, &held) == 0 && lstat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int open_for_append(const std::string& path, AuditFile::Writers writers) {
  if (path == kStdout) {
    const int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) throw_cannot_open(path, errno);
    return copy;
  }
  for (int tries = 0;; ++tries) {
    const int descriptor = open(path.c_str(), kAppend, kMode);
    if (descriptor < 0) throw_cannot_open(path, errno);
    if (writers == AuditFile::Writers::kMany || !is_regular(descriptor)) return descriptor;
    const int error = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    // Between the two it may have been moved away, by a writer that has left since.
    if (error == 0 && is_called(descriptor, path)) return descriptor;
    close(descriptor);
    if (error != 0 || tries == kMostTries) throw_cannot_open(path, error != 0 ? error : EAGAIN);
  }
}

// A crash may have left the last line without an end.
bool ends_within_a_line(int appending, const std::string& path) {
  struct stat status {};
  const int reading = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (reading < 0) return false;
  char last = '\n';
  const bool is_read = fstat(appending, &status) == 0 && status.st_size > 0 && pread(reading, &last, 1, status.st_size - 1) == 1;
  close(reading);
  return is_read && last != '\n';
}

bool is_there(const std::string& path) {
  struct stat ignored {};
  return lstat(path.c_str(), &ignored) == 0 || errno != ENOENT;
}

// Empty, and for the same readers as `like`; -1: errno says why not.
int create_locked(const std::string& path, int like) {
  unlink(path.c_str());  // of a process that ended just here
  const int descriptor = open(path.c_str(), kAppend | O_EXCL, kMode);
  if (descriptor < 0) return -1;
  struct stat status {};
  const bool is_done =
      fstat(like, &status) == 0 && fchmod(descriptor, status.st_mode & 0777u) == 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  if (is_done) return descriptor;
  const int error = errno;
  close(descriptor);
  unlink(path.c_str());
  errno = error;
  return -1;
}

std::size_t count_lines(std::string_view text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

std::string rotated_name(const std::string& path, std::size_t number) { return path + "." + std::to_string(number); }

AuditFile::AuditFile(std::string path, Writers writers) : path_(std::move(path)), writers_(writers) {
  adopt(open_for_append(path_, writers_));
}

AuditFile::~AuditFile() { close(descriptor_); }

bool AuditFile::reopen() {
  // Whoever holds a lock would be refused his own file; a FIFO still has the torn line in it that the next one has to end.
  if (path_ == kStdout || is_called(descriptor_, path_)) return false;
  adopt(open_for_append(path_, writers_));
  return true;
}

void AuditFile::adopt(int descriptor) {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = descriptor;
  is_regular_ = path_ != kStdout && proxy::is_regular(descriptor_);
  is_stalled_ = false;
  is_torn_ = is_regular_ && ends_within_a_line(descriptor_, path_);
}

bool AuditFile::is_deleted() const {
  struct stat status {};
  return is_regular_ && fstat(descriptor_, &status) == 0 && status.st_nlink == 0;
}

std::uint64_t AuditFile::size() const {
  struct stat status {};
  return fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

AuditFile::Outcome AuditFile::append(std::string_view lines) {
  Outcome outcome;
  if (is_torn_) {
    if (write_some("\n", outcome.error) == 0) return {count_lines(lines), outcome.error, 0};
    is_torn_ = false;
  }
  std::size_t written = 0;
  while (written < lines.size() && !outcome.error) written += write_some(lines.substr(written), outcome.error);
  outcome.lines_lost = count_lines(lines.substr(written));
  const std::size_t last_end = written == 0 ? std::string_view::npos : lines.rfind('\n', written - 1);
  const std::size_t whole = last_end == std::string_view::npos ? 0 : last_end + 1;
  if (whole < written) outcome.torn_bytes = mend(written - whole);
  return outcome;
}

std::size_t AuditFile::write_some(std::string_view bytes, std::error_code& error) {
  // Up to PIPE_BUF bytes, a pipe that polls writable takes without blocking.
  if (!is_regular_) bytes = bytes.substr(0, PIPE_BUF);
  while (is_regular_ || is_writable(error)) {
    const ssize_t n = write(descriptor_, bytes.data(), bytes.size());
    if (n > 0) return static_cast<std::size_t>(n);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN && !is_regular_) continue;
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

// Gives how many bytes stay.
std::size_t AuditFile::mend(std::size_t torn_bytes) {
  struct stat status {};
  // With O_APPEND the offset is where our last byte ended: only our own tail is ever cut off.
  const bool is_tail = is_regular_ && fstat(descriptor_, &status) == 0 && lseek(descriptor_, 0, SEEK_CUR) == status.st_size;
  is_torn_ = !is_tail || ftruncate(descriptor_, status.st_size - static_cast<off_t>(torn_bytes)) != 0;
  return is_torn_ ? torn_bytes : 0;
}

// The new file is there before the first of the old is moved: whatever fails, there is one to go on in.
std::error_code AuditFile::rotate(std::size_t keep) {
  if (!is_called(descriptor_, path_)) return std::make_error_code(std::errc::no_such_file_or_directory);  // somebody else moved it
  const std::string next = path_ + ".next";
  const int descriptor = create_locked(next, descriptor_);
  if (descriptor < 0) return last_error();
  if (const std::error_code error = move_aside(next, keep)) {
    close(descriptor);
    unlink(next.c_str());
    return error;
  }
  adopt(descriptor);
  return {};
}

std::error_code AuditFile::move_aside(const std::string& next, std::size_t keep) const {
  // Only as many move as there is no gap for: after a rotation that failed half way the next one must not push more out.
  std::size_t free = 1;
  while (free < keep && is_there(rotated_name(path_, free))) ++free;
  for (std::size_t number = free; number > 1; --number)
    if (std::rename(rotated_name(path_, number - 1).c_str(), rotated_name(path_, number).c_str()) != 0) return last_error();
  if (std::rename(path_.c_str(), rotated_name(path_, 1).c_str()) != 0) return last_error();
  if (std::rename(next.c_str(), path_.c_str()) == 0) return {};
  const std::error_code error = last_error();
  std::rename(rotated_name(path_, 1).c_str(), path_.c_str());
  return error;
}

}  // namespace respgate::proxy
