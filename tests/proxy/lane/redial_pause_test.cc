#include "proxy/lane/redial_pause.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

TEST(RedialPauseTest, GrowsToTwoSecondsAndChanceTakesUpToHalfAway) {
  EXPECT_EQ(redial_pause_ms(0, 0), 25);
  EXPECT_EQ(redial_pause_ms(0, 25), 50);
  EXPECT_EQ(redial_pause_ms(0, 26), 25);
  EXPECT_EQ(redial_pause_ms(3, 0), 200);
  EXPECT_EQ(redial_pause_ms(6, 1000), 2000);
  EXPECT_EQ(redial_pause_ms(1'000'000, 0), 1000);
}

}  // namespace
}  // namespace respgate::proxy
