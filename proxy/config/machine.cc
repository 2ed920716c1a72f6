#include "proxy/config/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace respgate::proxy {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool names_controller(std::string_view list, std::string_view controller) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == controller) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// The folder and every parent of it up to `root`: a limit anywhere on the way counts.
std::vector<fs::path> with_parents(const fs::path& root, std::string_view group) {
  std::vector<fs::path> folders{root};
  fs::path folder = root;
  for (const fs::path& part : fs::path(group).relative_path()) {
    if (part == "..") break;  // outside the cgroup namespace: only the root is visible
    folder /= part;
    folders.push_back(folder);
  }
  return folders;
}

// The folders that may limit `controller`; lines of cgroup(7) are "id:controllers:path", "0::path" in version 2.
std::vector<fs::path> folders_of(const MachineFiles& files, std::string_view controller) {
  std::vector<fs::path> folders;
  std::ifstream in(files.cgroup_of_self);
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !names_controller(controllers, controller)) continue;
    const fs::path root = controllers.empty() ? files.cgroup_root : files.cgroup_root / std::string(controller);
    for (fs::path& folder : with_parents(root, std::string_view(line).substr(second + 1))) folders.push_back(std::move(folder));
  }
  return folders;
}

std::size_t rounded_up(std::uint64_t quota, std::uint64_t period) {
  return static_cast<std::size_t>(quota / period + (quota % period == 0 ? 0 : 1));
}

// Version 2: "max 100000" or "150000 100000" in one file; version 1: two files, no limit being -1.
std::optional<std::size_t> quota_of(const fs::path& folder) {
  const std::string both = first_line(folder / "cpu.max");
  const std::size_t space = both.find(' ');
  const std::string quota = space != std::string::npos ? both.substr(0, space) : first_line(folder / "cpu.cfs_quota_us");
  const std::string period = space != std::string::npos ? both.substr(space + 1) : first_line(folder / "cpu.cfs_period_us");
  const auto q = parse_number(quota);
  const auto p = parse_number(period);
  if (!q || !p || *p == 0) return std::nullopt;
  return std::max<std::size_t>(1, rounded_up(*q, *p));
}

std::size_t cores_by_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  return static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

std::uint64_t physical_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
}

}  // namespace

std::size_t usable_cores(const MachineFiles& files) {
  std::size_t cores = cores_by_affinity();
  for (const fs::path& folder : folders_of(files, "cpu")) {
    if (const auto quota = quota_of(folder)) cores = std::min(cores, *quota);
  }
  return cores;
}

std::uint64_t usable_memory(const MachineFiles& files) {
  std::uint64_t bytes = physical_memory();
  for (const fs::path& folder : folders_of(files, "memory")) {
    for (const char* name : {"memory.max", "memory.limit_in_bytes"}) {
      if (const auto limit = parse_number(first_line(folder / name))) bytes = std::min(bytes, *limit);
    }
  }
  return bytes;
}

}  // namespace respgate::proxy
