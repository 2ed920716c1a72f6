#include "proxy/common/file_stamp.h"

#include <sys/stat.h>

namespace respgate::proxy {

FileStamp stamp_of(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {true,
          status.st_dev,
          status.st_ino,
          static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec,
          status.st_mode,
          status.st_uid,
          status.st_gid};
}

FileStamps stamps_of(const std::vector<std::string>& paths) {
  FileStamps stamps;
  for (const std::string& path : paths) stamps[path] = stamp_of(path);
  return stamps;
}

}  // namespace respgate::proxy
