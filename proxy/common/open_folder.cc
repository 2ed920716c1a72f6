#include "proxy/common/open_folder.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <deque>
#include <system_error>

namespace respgate::proxy {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel has it

bool is_open_to_all(const fs::path& folder) {
  struct ::stat status {};
  if (::stat(folder.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) == 0 || (status.st_mode & S_ISVTX) != 0) return false;
  struct ::statvfs mount {};
  return ::statvfs(folder.c_str(), &mount) != 0 || (mount.f_flag & ST_RDONLY) == 0;
}

void put_in_front(std::deque<fs::path>& steps, const fs::path& way) { steps.insert(steps.begin(), way.begin(), way.end()); }

}  // namespace

fs::path folder_open_to_all(const fs::path& file) {
  std::error_code error;
  std::deque<fs::path> steps;
  put_in_front(steps, fs::absolute(file, error));
  fs::path here;  // never through a link, so that its ".." can be taken away
  for (int links = 0; !steps.empty();) {
    const fs::path next = here / steps.front();  // an absolute step begins anew
    steps.pop_front();
    if (!here.empty() && is_open_to_all(here)) return here;
    const bool is_link = fs::is_symlink(fs::symlink_status(next, error));
    if (!is_link) {
      here = next.lexically_normal();
      continue;
    }
    if (++links > kMostLinks) break;
    put_in_front(steps, fs::read_symlink(next, error));
    if (error) break;
  }
  return {};
}

OpenFolders folders_open_to_all(const std::vector<std::string>& files) {
  OpenFolders open;
  for (const std::string& file : files)
    if (const fs::path folder = folder_open_to_all(file); !folder.empty()) open[file] = folder.string();
  return open;
}

}  // namespace respgate::proxy
