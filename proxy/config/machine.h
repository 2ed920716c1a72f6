// How much of the machine this process may use: cores after affinity and the
// cgroup's CPU quota, memory after the cgroup's limit.  Asked once, at load time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace respgate::proxy {

// Where the kernel says so.  Tests point it at a folder of their own.
struct MachineFiles {
  std::filesystem::path cgroup_of_self = "/proc/self/cgroup";
  std::filesystem::path cgroup_root = "/sys/fs/cgroup";
};

// At least 1.  A quota of 1.5 CPUs gives 2: a thread may rest, a core may not idle.
std::size_t usable_cores(const MachineFiles& files = {});

// Bytes; the least of the machine's memory and every limit on the way to the root cgroup.
std::uint64_t usable_memory(const MachineFiles& files = {});

}  // namespace respgate::proxy
