#include "proxy/aws/keeper.h"

#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/common/clock.h"
#include "tests/proxy/fake_aws.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;

// "2026-01-02T03:04:05Z"
std::string iso_time(std::int64_t unix_seconds) {
  std::time_t moment = unix_seconds;
  std::tm parts{};
  gmtime_r(&moment, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

FakeAws::Reply key(const std::string& id, std::int64_t life_s) {
  return {200,
          R"({"AccessKeyId":")" + id + R"(","SecretAccessKey":"hush","Token":"tok","Expiration":")" + iso_time(unix_s() + life_s) + "\"}"};
}

// A keeper that asks a fake container, and all it said.
class AwsKeeperTest : public testing::Test {
 protected:
  AwsKeeperTest() : aws(io) {
    AwsEnvironment environment;
    environment.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = aws.address();
    AwsPlaces places;
    places.container_pause = std::chrono::milliseconds(1);
    keeper = std::make_shared<AwsKeeper>(io, std::make_unique<AwsChain>(environment, places, ""),
                                         [this](const AwsKeeper::News& one) { news.push_back(one); });
  }
  ~AwsKeeperTest() override { keeper->stop(); }

  const AwsKeeper::News& wait_for(const std::function<bool(const AwsKeeper::News&)>& condition) {
    while (news.empty() || !condition(news.back())) io.run_one();
    return news.back();
  }
  const AwsKeeper::News& next() {
    const std::size_t before = news.size();
    return wait_for([&](const AwsKeeper::News&) { return news.size() > before; });
  }

  boost::asio::io_context io;
  FakeAws aws;
  std::shared_ptr<AwsKeeper> keeper;
  std::vector<AwsKeeper::News> news;
};

TEST_F(AwsKeeperTest, TellsWhatItFound) {
  aws.answers({key("ONE", 3600)});
  keeper->start();
  EXPECT_TRUE(next().refreshed);
  EXPECT_EQ(news.back().credentials->access_key_id, "ONE");
  EXPECT_EQ(news.back().trouble, "");
}

TEST_F(AwsKeeperTest, AsksAgainWhenATokenIsDoubted) {
  aws.answers({key("ONE", 3600), key("TWO", 3600)});
  keeper->start();
  next();
  keeper->doubt();
  keeper->doubt();
  EXPECT_EQ(next().credentials->access_key_id, "TWO");
  EXPECT_EQ(aws.asked().size(), 2u);
}

TEST_F(AwsKeeperTest, AFailureKeepsTheOldOnesUntilTheyExpire) {
  aws.answers({key("ONE", 4), {500, ""}});
  keeper->start();
  next();
  const AwsKeeper::News& failed = next();
  EXPECT_FALSE(failed.refreshed);
  EXPECT_EQ(failed.credentials->access_key_id, "ONE");
  EXPECT_THAT(failed.trouble, HasSubstr("answered with status 500"));
  wait_for([](const AwsKeeper::News& one) { return one.credentials == nullptr; });
  EXPECT_THAT(news.back().trouble, HasSubstr("answered with status 500"));
}

TEST_F(AwsKeeperTest, WhatComesExpiredIsAFailure) {
  aws.answers({key("OLD", -1)});
  keeper->start();
  EXPECT_FALSE(next().refreshed);
  EXPECT_EQ(news.back().credentials, nullptr);
  EXPECT_THAT(news.back().trouble, HasSubstr("has expired"));
}

TEST_F(AwsKeeperTest, IsSilentOnceStopped) {
  aws.answers({key("ONE", 3600)});
  keeper->start();
  next();
  keeper->stop();
  io.poll();
  EXPECT_EQ(news.size(), 1u);
}

}  // namespace
}  // namespace respgate::proxy
