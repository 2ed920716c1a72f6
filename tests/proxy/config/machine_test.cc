#include "proxy/config/machine.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

// A kernel that says what the test wants.  A quota can only be seen where it is below the cores there are, so
// the tests use quotas of at most one CPU, and compare with what the machine has without any.
class MachineTest : public testing::Test {
 protected:
  MachineFiles files() const { return {directory_.path() / "self", directory_.path() / "cgroup"}; }
  std::size_t cores_without_quota() const { return usable_cores({"/nonexistent", "/nonexistent"}); }
  std::uint64_t memory_without_limit() const { return usable_memory({"/nonexistent", "/nonexistent"}); }

  TemporaryDirectory directory_;
};

TEST_F(MachineTest, WithoutCgroupsThereIsAtLeastOneCoreAndSomeMemory) {
  EXPECT_GE(cores_without_quota(), 1u);
  EXPECT_GT(memory_without_limit(), 1u << 20);
}

TEST_F(MachineTest, AQuotaLimitsTheCores) {
  directory_.write("self", "0::/app\n");
  directory_.write("cgroup/app/cpu.max", "100000 100000\n");
  EXPECT_EQ(usable_cores(files()), 1u);
}

TEST_F(MachineTest, AQuotaBelowOneCpuLeavesOneCore) {
  directory_.write("self", "0::/app\n");
  directory_.write("cgroup/app/cpu.max", "5000 100000\n");
  EXPECT_EQ(usable_cores(files()), 1u);
}

TEST_F(MachineTest, AFractionOfAQuotaIsRoundedUp) {
  directory_.write("self", "0::/app\n");
  directory_.write("cgroup/app/cpu.max", "150000 100000\n");
  EXPECT_EQ(usable_cores(files()), std::min<std::size_t>(2, cores_without_quota()));
}

TEST_F(MachineTest, TheQuotaOfAParentCounts) {
  directory_.write("self", "0::/pod/app\n");
  directory_.write("cgroup/pod/app/cpu.max", "max 100000\n");
  directory_.write("cgroup/pod/cpu.max", "100000 100000\n");
  EXPECT_EQ(usable_cores(files()), 1u);
}

TEST_F(MachineTest, AQuotaOfMaxIsNone) {
  directory_.write("self", "0::/\n");
  directory_.write("cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_cores(files()), cores_without_quota());
}

TEST_F(MachineTest, AQuotaOfVersionOneLimitsTheCores) {
  directory_.write("self", "5:memory:/app\n4:cpu,cpuacct:/app\n");
  directory_.write("cgroup/cpu/app/cpu.cfs_quota_us", "100000\n");
  directory_.write("cgroup/cpu/app/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(usable_cores(files()), 1u);
}

TEST_F(MachineTest, AQuotaOfMinusOneIsNone) {
  directory_.write("self", "4:cpu:/\n");
  directory_.write("cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  directory_.write("cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(usable_cores(files()), cores_without_quota());
}

TEST_F(MachineTest, TheLeastMemoryLimitOnTheWayCounts) {
  directory_.write("self", "0::/pod/app\n");
  directory_.write("cgroup/pod/app/memory.max", "268435456\n");
  directory_.write("cgroup/pod/memory.max", "134217728\n");
  EXPECT_EQ(usable_memory(files()), 134217728u);
}

TEST_F(MachineTest, AMemoryLimitOfVersionOneCounts) {
  directory_.write("self", "5:memory:/app\n");
  directory_.write("cgroup/memory/app/memory.limit_in_bytes", "134217728\n");
  EXPECT_EQ(usable_memory(files()), 134217728u);
}

TEST_F(MachineTest, NonsenseFromTheKernelIsNoLimit) {
  directory_.write("self", "nonsense\n0::/app\n:\n");
  directory_.write("cgroup/app/cpu.max", "many few\n");
  directory_.write("cgroup/app/memory.max", "12x\n");
  EXPECT_EQ(usable_cores(files()), cores_without_quota());
  EXPECT_EQ(usable_memory(files()), memory_without_limit());
}

TEST_F(MachineTest, ACgroupOutsideTheNamespaceLeavesTheRoot) {
  directory_.write("self", "0::/../../elsewhere\n");
  directory_.write("cgroup/memory.max", "134217728\n");
  EXPECT_EQ(usable_memory(files()), 134217728u);
}

}  // namespace
}  // namespace respgate::proxy
