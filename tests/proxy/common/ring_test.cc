#include "proxy/common/ring.h"

#include <deque>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

TEST(RingTest, BehavesAsADeque) {
  Ring<std::string> ring;
  std::deque<std::string> model;
  std::minstd_rand random(1);
  for (int step = 0; step < 20000; ++step) {
    const unsigned roll = static_cast<unsigned>(random() % 100);
    if (roll < (step / 2000 % 2 == 0 ? 60U : 40U)) {
      ring.emplace_back() = std::to_string(step);
      model.push_back(std::to_string(step));
    } else if (!model.empty()) {
      ASSERT_EQ(ring.front(), model.front());
      ring.pop_front();
      model.pop_front();
    } else {
      ring.trim();
    }
    ASSERT_EQ(ring.size(), model.size());
    if (!model.empty()) {
      const std::size_t i = random() % model.size();
      ASSERT_EQ(ring[i], model[i]);
    }
  }
}

TEST(RingTest, WhatWasPoppedIsNotInTheWayOfWhatComes) {
  Ring<std::string> ring;
  ring.emplace_back() = "old";
  ring.pop_front();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ring.emplace_back(), "");
}

TEST(RingTest, TrimmingWhatIsNotEmptyKeepsIt) {
  Ring<int> ring;
  ring.emplace_back() = 7;
  ring.trim();
  EXPECT_EQ(ring.front(), 7);
}

}  // namespace
}  // namespace respgate::proxy
