#include "proxy/lane/upstream_login.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

constexpr std::int64_t kNow = 1767323045;

UpstreamLogin iam_login(const AwsSnapshot& aws) {
  UpstreamLogin login{"gate", {}, UpstreamLogin::Iam{{"orders", "us-east-1"}, std::chrono::hours(11), {}}};
  return login.with(aws);
}

AwsSnapshot keys(std::int64_t expires_s, std::string trouble = "") {
  return {std::make_shared<const AwsCredentials>(AwsCredentials{"AKIA", "hush", "tok", expires_s}), std::move(trouble)};
}

TEST(UpstreamLoginTest, PasswordsAreTriedNewestFirst) {
  const UpstreamLogin login{"gate", {"new", "old"}, {}};
  EXPECT_EQ(login.password(0, kNow), "new");
  EXPECT_EQ(login.password(1, kNow), "old");
  EXPECT_EQ(login.password(2, kNow), std::nullopt);
  EXPECT_EQ(login.missing(kNow), "");
  EXPECT_FALSE(login.is_iam());
}

TEST(UpstreamLoginTest, WithoutPasswordsThereIsNothingToWaitForEither) {
  const UpstreamLogin login;
  EXPECT_EQ(login.password(0, kNow), std::nullopt);
  EXPECT_EQ(login.missing(kNow), "");
}

TEST(UpstreamLoginTest, ATokenIsSignedForTheMoment) {
  const UpstreamLogin login = iam_login(keys(kNow + 3600));
  EXPECT_EQ(login.password(0, kNow), make_iam_token({"AKIA", "hush", "tok"}, {"orders", "us-east-1"}, "gate", kNow));
  EXPECT_NE(login.password(0, kNow), login.password(0, kNow + 1));
}

TEST(UpstreamLoginTest, NothingIsSignedWithWhatHasExpired) {
  const UpstreamLogin login = iam_login(keys(kNow, "web identity: timed out"));
  EXPECT_TRUE(login.password(0, kNow - 1));
  EXPECT_EQ(login.password(0, kNow), std::nullopt);
  EXPECT_EQ(login.missing(kNow - 1), "");
  EXPECT_EQ(login.missing(kNow), "the AWS credentials have expired: web identity: timed out");
}

TEST(UpstreamLoginTest, WithoutCredentialsItSaysWhy) {
  EXPECT_EQ(iam_login({}).missing(kNow), "no AWS credentials");
  EXPECT_EQ(iam_login({nullptr, "environment: half a key"}).missing(kNow), "no AWS credentials: environment: half a key");
  EXPECT_EQ(iam_login({}).password(0, kNow), std::nullopt);
}

TEST(UpstreamLoginTest, PasswordsAreNotTouchedByAwsCredentials) {
  const UpstreamLogin login = UpstreamLogin{"gate", {"pw"}, {}}.with(keys(kNow));
  EXPECT_FALSE(login.is_iam());
  EXPECT_EQ(login.password(0, kNow), "pw");
}

}  // namespace
}  // namespace respgate::proxy
