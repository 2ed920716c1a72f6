#include "proxy/common/memory_budget.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

TEST(MemoryBudgetTest, WhatIsHeldIsWhatEachHolderSaidLast) {
  MemoryBudget budget(100);
  MemoryShare first(budget);
  {
    MemoryShare second(budget);
    first.now_holds(70);
    second.now_holds(40);
    EXPECT_TRUE(budget.is_exhausted());
    first.now_holds(60);
    EXPECT_EQ(budget.used(), 100U);
    EXPECT_FALSE(budget.is_exhausted());
  }
  EXPECT_EQ(budget.used(), 60U);
}

TEST(MemoryBudgetTest, AnEbbIsToldOnce) {
  MemoryBudget budget(1000 * kMiB);
  EXPECT_FALSE(budget.take_ebb());
  budget.hold(100 * kMiB);
  EXPECT_FALSE(budget.take_ebb());
  budget.release(100 * kMiB);
  EXPECT_TRUE(budget.take_ebb());
  EXPECT_FALSE(budget.take_ebb());
}

TEST(MemoryBudgetTest, AnEbbIsHalfOfWhatWasHeldAndNotLittle) {
  MemoryBudget budget(1000 * kMiB);
  budget.hold(100 * kMiB);
  budget.release(49 * kMiB);
  EXPECT_FALSE(budget.take_ebb());
  budget.release(kMiB);
  EXPECT_TRUE(budget.take_ebb());
  budget.release(50 * kMiB);  // and the other half
  EXPECT_TRUE(budget.take_ebb());
  budget.hold(7 * kMiB);
  budget.release(7 * kMiB);
  EXPECT_FALSE(budget.take_ebb());
}

TEST(MemoryBudgetTest, ATideBetweenTwoLooksIsSeen) {
  MemoryBudget budget(1000 * kMiB);
  budget.hold(20 * kMiB);
  budget.release(20 * kMiB);
  budget.hold(kMiB);
  EXPECT_TRUE(budget.take_ebb());
}

}  // namespace
}  // namespace respgate::proxy
