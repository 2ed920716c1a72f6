#include "proxy/lane/sentinel.h"

#include <string>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using Mode = SentinelConfig::Mode;

TEST(SentinelTest, StrictGuardsEveryRequestWithANumberOfItsOwn) {
  Sentinel sentinel({Mode::kStrict, 1000, Milliseconds(100)});
  Request first;
  Request second;
  first.wire = second.wire = "*1\r\n$4\r\nPING\r\n";
  sentinel.guard(first);
  sentinel.guard(second);
  EXPECT_EQ(first.guard, Request::Guard::kGuarded);
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_EQ(first.wire, "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$16\r\n" + std::string(first.nonce.begin(), first.nonce.end()) + "\r\n");
  EXPECT_FALSE(sentinel.is_due(1'000'000));
}

TEST(SentinelTest, OnProbesAfterSoManyRequestsOrSoMuchTimeButNotWhenIdle) {
  Sentinel sentinel({Mode::kOn, 3, Milliseconds(100)});
  Request probe;
  sentinel.count();
  EXPECT_TRUE(sentinel.is_due(1000));
  sentinel.make_probe(probe, 1000);
  EXPECT_EQ(probe.guard, Request::Guard::kProbe);
  EXPECT_FALSE(sentinel.is_due(5000)) << "nothing has joined the lane since";
  sentinel.count();
  EXPECT_FALSE(sentinel.is_due(1099));
  EXPECT_TRUE(sentinel.is_due(1100));
  sentinel.count();
  sentinel.count();
  EXPECT_TRUE(sentinel.is_due(1001)) << "three requests are enough";
}

TEST(SentinelTest, OffLeavesRequestsAlone) {
  Sentinel sentinel({Mode::kOff, 1, Milliseconds(1)});
  Request request;
  request.wire = "x";
  sentinel.guard(request);
  sentinel.count();
  EXPECT_EQ(request.wire, "x");
  EXPECT_EQ(request.guard, Request::Guard::kNone);
  EXPECT_FALSE(sentinel.is_due(1'000'000));
}

}  // namespace
}  // namespace respgate::proxy
