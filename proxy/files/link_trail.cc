#include "proxy/files/link_trail.h"

#include <deque>
#include <system_error>

namespace respgate::proxy {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel has it

void put_in_front(std::deque<fs::path>& steps, const fs::path& way) { steps.insert(steps.begin(), way.begin(), way.end()); }

}  // namespace

std::set<fs::path> folders_on_the_way(const fs::path& file) {
  std::set<fs::path> folders;
  std::error_code error;
  std::deque<fs::path> steps;
  put_in_front(steps, fs::absolute(file, error));
  fs::path here;
  for (int links = 0; !steps.empty();) {
    const fs::path step = steps.front();
    steps.pop_front();
    const fs::path next = step.is_absolute() ? step : here / step;
    const fs::file_status status = fs::symlink_status(next, error);
    const bool is_link = fs::is_symlink(status);
    // Where something can be put in the place of `next`.
    if (is_link || steps.empty() || !fs::exists(status)) folders.insert(here);
    if (!fs::exists(status) || (is_link && ++links > kMostLinks)) break;
    if (!is_link) {
      here = next;
      continue;
    }
    put_in_front(steps, fs::read_symlink(next, error));
    if (error) break;
  }
  return folders;
}

}  // namespace respgate::proxy
