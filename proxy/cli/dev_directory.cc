#include "proxy/cli/dev_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace respgate::proxy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "respgate-dev-";
constexpr std::string_view kLock = "lock";
constexpr std::size_t kMaxParentBytes = 64;  // a unix socket's path has at most 107

[[noreturn]] void fail(const std::string& path) { throw std::system_error(errno, std::generic_category(), path); }

std::string parent_directory() {
  const char* wanted = std::getenv("TMPDIR");
  const bool fits = wanted != nullptr && wanted[0] == '/' && std::string_view(wanted).size() <= kMaxParentBytes;
  return fits ? wanted : "/tmp";
}

// A directory of this user whose process is gone.  One without a lock is just being made.
bool is_left_over(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid()) return false;
  const int lock = open((path + "/" + std::string(kLock)).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) return false;
  const bool is_free = flock(lock, LOCK_EX | LOCK_NB) == 0;
  close(lock);
  return is_free;
}

void remove_left_overs(const std::string& parent) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, fs::directory_options::skip_permission_denied, ignored)) {
    const std::string path = entry.path().string();
    if (entry.path().filename().string().starts_with(kPrefix) && is_left_over(path)) fs::remove_all(path, ignored);
  }
}

}  // namespace

DevDirectory::DevDirectory() {
  const std::string parent = parent_directory();
  remove_left_overs(parent);
  path_ = parent + "/" + std::string(kPrefix) + "XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) fail(path_);
  lock();
}

DevDirectory::~DevDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  close(lock_);
}

// The lock gets its name once it is held: nobody finds it free in between.
void DevDirectory::lock() {
  const std::string unnamed = file("lock.new");
  lock_ = open(unnamed.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (lock_ < 0 || flock(lock_, LOCK_EX | LOCK_NB) != 0 || rename(unnamed.c_str(), file(kLock).c_str()) != 0) fail(unnamed);
}

std::string DevDirectory::write(std::string_view name, std::string_view text) const {
  std::string path = file(name);
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) fail(path);
  const ssize_t written = ::write(descriptor, text.data(), text.size());
  close(descriptor);
  if (written != static_cast<ssize_t>(text.size())) fail(path);
  return path;
}

}  // namespace respgate::proxy
