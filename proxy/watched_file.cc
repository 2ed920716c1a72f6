#include "proxy/watched_file.h"

#include <utility>

namespace respgate::proxy {

WatchedFile::WatchedFile(std::string path) : path_(std::move(path)), known_(stamp()), last_(known_) {}

bool WatchedFile::has_changed() {
  const Stamp now = stamp();
  const bool settled = now == std::exchange(last_, now);
  if (!settled || now == known_ || !now.exists) return false;
  known_ = now;
  return true;
}

WatchedFile::Stamp WatchedFile::stamp() const {
  struct ::stat status {};
  if (path_.empty() || ::stat(path_.c_str(), &status) != 0) return {};
  return {true, status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace respgate::proxy
