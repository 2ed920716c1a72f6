#include "proxy/common/trusted_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "proxy/common/units.h"

namespace respgate::proxy {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

FileProblem system_problem(const std::string& verb) {
  return {"cannot be " + verb + " (" + std::generic_category().message(errno) + "): write the name of a file that respgate may read"};
}

// Empty when the file may be trusted.
std::string distrust(const struct stat& status, std::size_t max_bytes) {
  if (!S_ISREG(status.st_mode)) return "is not a regular file: write the name of one";
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return "may be written by its group or by others, who would then decide in its place: chmod go-w it";
  // Who owns a file can give himself the right to write it.
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    const std::string owner = "uid " + std::to_string(status.st_uid);
    const std::string remedy = ::geteuid() == 0 ? ", or run respgate as " + owner + " too"
                                                : " or to uid " + std::to_string(::geteuid()) + ", as which respgate runs";
    return "belongs to " + owner + ", who would then decide in its place: chown it to root" + remedy;
  }
  if (static_cast<std::size_t>(status.st_size) > max_bytes)
    return "is larger than " + spell_size(max_bytes) + ": this is not the file that was meant";
  return "";
}

FileResult read_all(int fd, std::size_t max_bytes) {
  FileText file;
  char chunk[16 * 1024];
  while (true) {
    const ssize_t n = ::read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_problem("read");
    if (n == 0) return file;
    // It may grow while it is read.
    if (static_cast<std::size_t>(n) > max_bytes - file.text.size())
      return FileProblem{"is larger than " + spell_size(max_bytes) + ": this is not the file that was meant"};
    file.text.append(chunk, static_cast<std::size_t>(n));
  }
}

}  // namespace

FileResult read_trusted_file(const std::filesystem::path& path, std::size_t max_bytes) {
  // Without O_NONBLOCK a FIFO of that name would hold the start for ever.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) return system_problem("opened");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_problem("examined");
  if (std::string why = distrust(status, max_bytes); !why.empty()) return FileProblem{std::move(why)};
  return read_all(fd.get(), max_bytes);
}

}  // namespace respgate::proxy
