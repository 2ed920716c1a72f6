#include "tls/epoll_set.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace respgate::tls {
namespace {

using For = EpollSet::For;
constexpr std::size_t kSome = 40;  // more than are left to Asio

// One end is watched, the other is the test's.
struct Pair {
  explicit Pair(boost::asio::io_context& io) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    peer = ends[1];
    watched.emplace(Socket(io.get_executor(), Socket::protocol_type(AF_UNIX, 0), ends[0]));
  }
  Pair(Pair&& other) noexcept : watched(std::move(other.watched)), peer(std::exchange(other.peer, -1)) {}
  ~Pair() { hang_up(); }

  void say(const std::string& text) const { EXPECT_EQ(::send(peer, text.data(), text.size(), 0), static_cast<ssize_t>(text.size())); }
  void hang_up() {
    if (peer >= 0) ::close(std::exchange(peer, -1));
  }
  std::string read() const {
    std::array<char, 100> bytes{};
    const ssize_t size = ::recv(watched->get(), bytes.data(), bytes.size(), 0);
    return {bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }
  void fill() const {
    const std::string much(1 << 16, 'x');
    while (::send(watched->get(), much.data(), much.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
  }
  void drain() const {
    std::array<char, 1 << 16> bytes;
    while (::recv(peer, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
    }
  }

  std::optional<Watched> watched;
  int peer = -1;
};

class EpollSetTest : public testing::Test {
 protected:
  EpollSetTest() {
    for (std::size_t i = 0; i < kSome; ++i) pairs_.emplace_back(io_);
  }

  // Everything that is ready, until nothing is.  False: something always is.
  bool settles() {
    for (int i = 0; i < 100; ++i) {
      io_.restart();
      if (io_.poll() == 0) return true;
    }
    return false;
  }

  void wait(std::size_t i, For what = For::kRead) {
    pairs_[i].watched->wait(what, [this, i](const error_code& error) { told_.emplace_back(i, error); });
  }
  std::vector<std::size_t> told() const {
    std::vector<std::size_t> told;
    for (const auto& [i, error] : told_)
      if (!error) told.push_back(i);
    return told;
  }
  std::vector<std::size_t> aborted() const {
    std::vector<std::size_t> aborted;
    for (const auto& [i, error] : told_)
      if (error == boost::asio::error::operation_aborted) aborted.push_back(i);
    return aborted;
  }

  boost::asio::io_context io_;
  std::vector<Pair> pairs_;
  std::vector<std::pair<std::size_t, error_code>> told_;
};

TEST_F(EpollSetTest, WhoWaitsIsToldOnce) {
  for (std::size_t i = 0; i < kSome; ++i) wait(i);
  EXPECT_TRUE(settles());
  EXPECT_TRUE(told_.empty());
  for (const Pair& pair : pairs_) pair.say("a");
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), kSome);
  for (const Pair& pair : pairs_) pair.say("b");
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), kSome);
}

TEST_F(EpollSetTest, NotBeforeWaitReturns) {
  pairs_.back().say("a");
  wait(kSome - 1);
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(EpollSetTest, WhatIsLeftUnreadIsToldOfAgain) {
  pairs_.back().say("ab");
  for (int i = 0; i < 3; ++i) {
    wait(kSome - 1);
    EXPECT_TRUE(settles());
  }
  EXPECT_EQ(told().size(), 3U);
  EXPECT_EQ(pairs_.back().read(), "ab");
  wait(kSome - 1);
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), 3U);
  pairs_.back().hang_up();
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), 4U);
}

// All peers reset what they have sent; somebody waits all the time, so that the set is looked at.
TEST_F(EpollSetTest, WhatNobodyWaitsForWakesNobodyForEver) {
  for (std::size_t i = 1; i < kSome; ++i) wait(i);
  EXPECT_TRUE(settles());
  for (std::size_t i = 2; i < kSome; ++i) pairs_[i].say("a");
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), kSome - 2);
  for (std::size_t i = 2; i < kSome; ++i) pairs_[i].hang_up();
  wait(kSome - 1);
  EXPECT_TRUE(settles());
  wait(kSome - 2);
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), kSome);
  EXPECT_EQ(told().back(), kSome - 2);
}

TEST_F(EpollSetTest, RoomToWriteIsToldOfOnceAndBytesBesideIt) {
  const std::size_t last = kSome - 1;
  wait(0);
  pairs_[last].fill();
  wait(last, For::kWrite);
  EXPECT_TRUE(settles());
  EXPECT_TRUE(told_.empty());
  pairs_[last].drain();
  EXPECT_TRUE(settles());
  EXPECT_EQ(told(), std::vector{last});
  pairs_[last].fill();
  wait(last, For::kWrite);
  wait(last);
  pairs_[last].say("a");
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), 2U);
  pairs_[last].drain();
  EXPECT_TRUE(settles());
  EXPECT_EQ(told().size(), 3U);
}

TEST_F(EpollSetTest, CloseAbortsBothWaits) {
  for (const std::size_t i : {std::size_t{0}, kSome - 1}) {
    pairs_[i].fill();
    wait(i);
    wait(i, For::kWrite);
    pairs_[i].watched->close();
    EXPECT_EQ(pairs_[i].watched->get(), -1);
    pairs_[i].watched->close();
  }
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(settles());
  EXPECT_EQ(aborted().size(), 4U);
}

TEST_F(EpollSetTest, MayBeMovedWhileItWaits) {
  wait(kSome - 1);
  Pair moved(std::move(pairs_.back()));
  pairs_.pop_back();
  moved.say("a");
  EXPECT_TRUE(settles());
  EXPECT_EQ(told(), std::vector{kSome - 1});
}

// Whoever is told first closes all others that are ready with it, and opens new ones in their places.
TEST_F(EpollSetTest, AnEventIsForNobodyElse) {
  const std::size_t first = kSome / 2;  // all these are in the set
  std::vector<Pair> others;
  std::size_t told = 0;
  std::size_t aborted = 0;
  std::size_t others_told = 0;
  for (std::size_t i = first; i < kSome; ++i) {
    pairs_[i].watched->wait(For::kRead, [&](const error_code& error) {
      if (error) return static_cast<void>(++aborted);
      ++told;
      for (std::size_t j = first; j < kSome; ++j) pairs_[j].watched->close();
      for (std::size_t j = first; j < kSome; ++j) {
        others.emplace_back(io_);
        others.back().watched->wait(For::kRead, [&](const error_code&) { ++others_told; });
      }
    });
    pairs_[i].say("a");
  }
  EXPECT_TRUE(settles());
  EXPECT_EQ(told, 1U);
  EXPECT_EQ(aborted, kSome - first - 1);
  EXPECT_EQ(others_told, 0U);
  for (const Pair& other : others) other.say("b");
  EXPECT_TRUE(settles());
  EXPECT_EQ(others_told, others.size());
}

// The kernel has no place for it in the set: who waits is told to look, and finds the end, instead of waiting for ever.
TEST_F(EpollSetTest, WhatCannotBeWatchedIsToldOf) {
  const int file = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);  // which epoll refuses
  ASSERT_GE(::dup2(file, pairs_.back().watched->get()), 0);
  ::close(file);
  wait(kSome - 1);
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(settles());
  EXPECT_EQ(told(), std::vector{kSome - 1});
  pairs_.back().watched->close();
  EXPECT_TRUE(settles());
  EXPECT_EQ(told_.size(), 1U);
}

// run() returns when nobody waits any more, as it does for what Asio waits for.
TEST_F(EpollSetTest, WithoutAWaitThereIsNoWork) {
  for (int i = 0; i < 2; ++i) {
    wait(kSome - 1);
    pairs_.back().say("a");
    io_.restart();
    io_.run();
    EXPECT_EQ(pairs_.back().read(), "a");
  }
  EXPECT_EQ(told().size(), 2U);
  wait(kSome - 1);
  boost::asio::post(io_, [&] { pairs_.back().watched->close(); });
  io_.restart();
  io_.run();
  EXPECT_EQ(aborted().size(), 1U);
}

TEST(EpollSet, WhoWaitsWhenTheContextGoesIsNotCalledAndLetGo) {
  const auto held = std::make_shared<int>(0);
  bool is_called = false;
  {
    boost::asio::io_context io;
    std::vector<std::shared_ptr<Pair>> pairs;  // each held by its own handler too, as a session is
    for (std::size_t i = 0; i < kSome; ++i) {
      pairs.push_back(std::make_shared<Pair>(io));
      pairs.back()->watched->wait(For::kRead, [held, pair = pairs.back(), &is_called](const error_code&) { is_called = true; });
    }
    io.poll();
    EXPECT_GT(held.use_count(), 1);
    pairs.clear();
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(is_called);
}

}  // namespace
}  // namespace respgate::tls
