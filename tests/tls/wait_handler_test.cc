#include "tls/wait_handler.h"

#include <array>
#include <memory>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

namespace respgate::tls {
namespace {

TEST(WaitHandler, CallsWhatItHoldsHoweverLargeThatIs) {
  error_code seen;
  const auto owned = std::make_shared<int>(7);
  std::array<char, 200> large{};
  large[199] = 'x';
  char last = ' ';
  WaitHandler small = [&seen](const error_code& error) { seen = error; };
  WaitHandler in_place = [self = owned](const error_code&) { ++*self; };
  WaitHandler on_heap = [large, &last](const error_code&) { last = large[199]; };
  WaitHandler only_moved = [owner = std::make_unique<int>(1), owned](const error_code&) { *owned += *owner; };
  small(boost::asio::error::eof);
  in_place({});
  on_heap({});
  only_moved({});
  EXPECT_EQ(seen, boost::asio::error::eof);
  EXPECT_EQ(last, 'x');
  EXPECT_EQ(*owned, 9);
}

TEST(WaitHandler, LetsGoOfWhatItHeld) {
  const auto held = std::make_shared<int>();
  const std::array<char, 100> room{};
  for (const bool is_large : {false, true}) {
    const auto make = [&]() -> WaitHandler {
      if (is_large) return [held, room](const error_code&) { (void)room; };
      return [held](const error_code&) {};
    };
    {
      WaitHandler first = make();
      EXPECT_EQ(held.use_count(), 2);
      WaitHandler second = std::move(first);
      EXPECT_FALSE(first);  // NOLINT(*-use-after-move): that is what is asked
      EXPECT_TRUE(second);
      EXPECT_EQ(held.use_count(), 2);
      first = std::move(second);
      first = make();
      EXPECT_EQ(held.use_count(), 2);
      first = {};
      EXPECT_EQ(held.use_count(), 1);
      first = make();
    }
    EXPECT_EQ(held.use_count(), 1);
  }
}

}  // namespace
}  // namespace respgate::tls
