#include "proxy/common/log_quota.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

TEST(LogQuotaTest, SoManyASecondAndTheRestIsCounted) {
  LogQuota quota(2);
  EXPECT_TRUE(quota.admits(5000));
  EXPECT_TRUE(quota.admits(5001));
  EXPECT_FALSE(quota.admits(5002));
  EXPECT_FALSE(quota.admits(5999));
  EXPECT_TRUE(quota.admits(6000));
  EXPECT_EQ(quota.take_left_out(), 2U);
  EXPECT_EQ(quota.take_left_out(), 0U);
}

TEST(LogQuotaTest, TheFirstLineIsAlwaysLogged) {
  for (const std::int64_t now_ms : {0, 1, 999}) EXPECT_TRUE(LogQuota(1).admits(now_ms));
}

TEST(LogQuotaTest, TheWhileMayBeAnother) {
  LogQuota quota(1, 10'000);
  EXPECT_TRUE(quota.admits(0));
  EXPECT_FALSE(quota.admits(1'000));
  EXPECT_FALSE(quota.admits(9'999));
  EXPECT_TRUE(quota.admits(10'000));
  EXPECT_EQ(quota.take_left_out(), 2u);
}

}  // namespace
}  // namespace respgate::proxy
