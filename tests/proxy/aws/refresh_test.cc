#include "proxy/aws/refresh.h"

#include <gtest/gtest.h>

#include "proxy/aws/credentials.h"

namespace respgate::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kNow = 1'000'000;
milliseconds after_success(std::int64_t left_s, double chance = 0) { return aws_refresh_pause({kNow, kNow + left_s, 0, chance}); }
milliseconds after_failure(std::int64_t left_s, unsigned failures, double chance = 0) {
  return aws_refresh_pause({kNow, kNow + left_s, failures, chance});
}

TEST(AwsRefreshTest, IsAQuarterOfAnHourAheadOfExpiry) {
  EXPECT_EQ(after_success(6 * 3600), seconds(6 * 3600) - minutes(15));
  EXPECT_EQ(after_success(3600), minutes(45));
}

TEST(AwsRefreshTest, ComesAtHalfOfAShortLife) {
  EXPECT_EQ(after_success(1800), minutes(15));
  EXPECT_EQ(after_success(900), seconds(450));
  EXPECT_EQ(after_success(1), seconds(1));
}

TEST(AwsRefreshTest, ChanceOnlyBringsItForward) {
  for (const std::int64_t left : {60, 900, 3600, 43200}) {
    EXPECT_LT(after_success(left, 1), after_success(left, 0)) << left;
    EXPECT_GE(after_success(left, 1), after_success(left, 0) * 4 / 5) << left;
  }
}

TEST(AwsRefreshTest, KeysThatDoNotExpireAreReadAgainAllTheSame) {
  EXPECT_EQ(aws_refresh_pause({kNow, AwsCredentials::kNeverExpires, 0, 0}), minutes(10));
  EXPECT_EQ(aws_refresh_pause({kNow, AwsCredentials::kNeverExpires, 3, 0}), minutes(1));
}

TEST(AwsRefreshTest, AFailureInPeaceIsTriedAgainInAMinute) { EXPECT_EQ(after_failure(14 * 60, 1), minutes(1)); }

TEST(AwsRefreshTest, AFailureInNeedIsTriedAgainWithGrowingPauses) {
  EXPECT_EQ(after_failure(10 * 60, 1), seconds(1));
  EXPECT_EQ(after_failure(60, 2), seconds(2));
  EXPECT_EQ(after_failure(60, 3), seconds(4));
  EXPECT_EQ(after_failure(-60, 100), seconds(30));
  EXPECT_EQ(aws_refresh_pause({kNow, 0, 1, 0}), seconds(1));
}

TEST(AwsRefreshTest, DoubtsThatBringNothingAreAskedAboutEverMoreRarely) {
  EXPECT_EQ(aws_doubt_pause(0), std::chrono::seconds(1));
  EXPECT_EQ(aws_doubt_pause(3), std::chrono::seconds(8));
  EXPECT_EQ(aws_doubt_pause(6), std::chrono::seconds(64));
  EXPECT_EQ(aws_doubt_pause(1'000'000), std::chrono::seconds(64));
}

}  // namespace
}  // namespace respgate::proxy
