#include "proxy/files/settling.h"

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

using std::chrono::milliseconds;
using Time = WatchedFile::Time;

class SettlingTest : public testing::Test {
 protected:
  static constexpr milliseconds kSettle{1000};

  SettlingTest() {
    for (const char* name : {"f", "g"}) {
      files_[name].see(version(0), at(0));
      files_[name].learn();
    }
  }

  static Time at(int ms) { return Time() + std::chrono::hours(1) + milliseconds(ms); }
  static FileStamp version(std::uint64_t n) { return {.exists = true, .size = n}; }
  // In milliseconds as at() takes them; -1: there is nothing to tell.
  int told_at() const {
    const std::optional<Time> when = when_to_tell(files_, kSettle);
    return when ? static_cast<int>(std::chrono::duration_cast<milliseconds>(*when - at(0)).count()) : -1;
  }

  WatchedFiles files_;
  WatchedFile& f_ = files_["f"];
  WatchedFile& g_ = files_["g"];
};

TEST_F(SettlingTest, WithoutAChangeThereIsNothingToTell) {
  EXPECT_EQ(told_at(), -1);
  g_.write(at(10), true);  // what it was written with is what was there
  EXPECT_EQ(told_at(), -1);
}

TEST_F(SettlingTest, AChangeIsToldOnceItHasSettled) {
  f_.see(version(1), at(5000));
  EXPECT_EQ(told_at(), 6000);
  f_.see(version(1), at(5900));
  EXPECT_EQ(told_at(), 6000);
  f_.see(version(2), at(5999));
  EXPECT_EQ(told_at(), 6999);
  f_.learn();
  EXPECT_EQ(told_at(), -1);
}

TEST_F(SettlingTest, WhatIsAsBeforeNeedsNoTelling) {
  f_.see(version(1), at(5000));
  f_.see(version(0), at(5500));
  EXPECT_EQ(told_at(), -1);
}

TEST_F(SettlingTest, AFileThatIsMissingIsWaitedFor) {
  f_.see({}, at(5000));
  EXPECT_EQ(told_at(), -1);
  f_.see(version(1), at(90'000));
  EXPECT_EQ(told_at(), 91'000);
}

TEST_F(SettlingTest, AFileThatIsClosedNeedsNoMorePatience) {
  f_.write(at(5000), true);
  f_.see(version(1), at(5000));
  EXPECT_EQ(told_at(), 5000 + 20'000);
  f_.write(at(7000), false);
  EXPECT_EQ(told_at(), 8000);
}

TEST_F(SettlingTest, OneThatStaysOpenWithoutBeingWrittenIsNotWaitedForLong) {
  g_.write(at(4000), true);
  g_.see(version(1), at(4000));
  f_.see(version(1), at(5000));
  EXPECT_EQ(told_at(), 24'000) << "both of them";
  g_.learn();  // it was read as it is
  EXPECT_EQ(told_at(), 24'000) << "and may be half of it still";
}

TEST_F(SettlingTest, AWriterWithoutAPauseHoldsTheOthersBackForABoundedTime) {
  f_.see(version(1), at(5000));
  for (int ms = 4000; ms < 64'900; ms += 900) {
    g_.write(at(ms), true);
    g_.see(version(static_cast<std::uint64_t>(ms)), at(ms));
    EXPECT_GT(told_at(), ms);
    EXPECT_LE(told_at(), 65'000);
  }
  EXPECT_EQ(told_at(), 65'000);
  f_.learn();
  EXPECT_EQ(told_at(), 84'300) << "what it writes itself, when it pauses: 64'300 was the last";
}

TEST_F(SettlingTest, AFileThatChangesWithoutAPauseIsNotTold) {
  int ms = 5000;
  for (; ms < 200'000; ms += 900) f_.see(version(static_cast<std::uint64_t>(ms)), at(ms));
  EXPECT_EQ(told_at(), ms - 900 + 1000);
}

}  // namespace
}  // namespace respgate::proxy
