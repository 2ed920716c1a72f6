#include "proxy/session/failed_logins.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::proxy {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kStart = 1'000'000;

AuthFailureLimits limits_of(std::size_t max = 3) {
  AuthFailureLimits limits;
  limits.max = max;
  limits.per = Milliseconds(kMinute);
  limits.lockout = Milliseconds(5 * kMinute);
  return limits;
}

class FailedLoginsTest : public testing::Test {
 protected:
  LoginRuling wrong(std::string_view source, std::string_view user) { return logins_.judge(limits_, source, user, false, now_); }
  void wrong(std::string_view source, std::string_view user, int times) {
    for (int i = 0; i < times; ++i) wrong(source, user);
  }
  bool right_is_refused(std::string_view source, std::string_view user) {
    return logins_.judge(limits_, source, user, true, now_).is_refused;
  }
  std::int64_t delay(std::string_view source, std::string_view user) { return wrong(source, user).delay_ms; }

  AuthFailureLimits limits_ = limits_of();
  FailedLogins logins_;
  std::int64_t now_ = kStart;
};

TEST_F(FailedLoginsTest, TheNextGuessAfterTheLastAllowedIsRefusedWhateverItIs) {
  wrong("192.0.2.1", "app", 2);
  EXPECT_FALSE(right_is_refused("192.0.2.1", "app"));
  EXPECT_FALSE(wrong("192.0.2.1", "app").is_refused);  // the third: was judged, and locks
  EXPECT_TRUE(right_is_refused("192.0.2.1", "app"));
  EXPECT_TRUE(wrong("192.0.2.1", "app").is_refused);
}

TEST_F(FailedLoginsTest, OnlyThatPairIsLockedOut) {
  wrong("192.0.2.1", "app", 3);
  for (const auto& [source, user] : std::vector<std::pair<std::string, std::string>>{{"192.0.2.2", "app"},
                                                                                     {"192.0.2.1", "admin"},
                                                                                     {"192.0.2.1", "App"},
                                                                                     {"192.0.2.1", "app "},
                                                                                     {"unix:", "app"},
                                                                                     {"2001:db8::1", "app"}})
    EXPECT_FALSE(right_is_refused(source, user)) << source << " " << user;
}

TEST_F(FailedLoginsTest, ItEndsWhenItsTimeIsOverAndGuessesMeanwhileDoNotProlongIt) {
  wrong("192.0.2.1", "app", 3);
  for (now_ = kStart; now_ < kStart + 5 * kMinute; now_ += 1000) EXPECT_TRUE(wrong("192.0.2.1", "app").is_refused);
  EXPECT_FALSE(right_is_refused("192.0.2.1", "app"));
  wrong("192.0.2.1", "app", 2);  // counted from 0 again
  EXPECT_FALSE(right_is_refused("192.0.2.1", "app"));
  wrong("192.0.2.1", "app");
  EXPECT_TRUE(right_is_refused("192.0.2.1", "app"));
}

TEST_F(FailedLoginsTest, TheWindowSlides) {
  for (int i = 0; i < 20; ++i, now_ += kMinute / 2 + kMinute / 12) {
    wrong("192.0.2.1", "app");  // never three within a minute and a seventh
    EXPECT_FALSE(right_is_refused("192.0.2.1", "app")) << i;
  }
  now_ += 10 * kMinute;
  for (int i = 0; i < 3; ++i, now_ += kMinute / 2) wrong("192.0.2.1", "app");  // three within a minute
  EXPECT_TRUE(right_is_refused("192.0.2.1", "app"));
}

TEST_F(FailedLoginsTest, AFailureIsNeverForgottenEarly) {
  limits_.max = 2;
  for (std::int64_t phase = 0; phase < kMinute; phase += 997) {
    const std::string user = "at " + std::to_string(phase);
    now_ = kStart + phase;
    wrong("192.0.2.1", user);
    now_ += kMinute;
    wrong("192.0.2.1", user);
    EXPECT_TRUE(right_is_refused("192.0.2.1", user)) << phase;
  }
}

TEST_F(FailedLoginsTest, ARightPasswordTakesNothingBack) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(right_is_refused("192.0.2.1", "app"));
    wrong("192.0.2.1", "app");
  }
  EXPECT_TRUE(right_is_refused("192.0.2.1", "app"));
}

TEST_F(FailedLoginsTest, OneCustomersIpv6AddressesAreOneSource) {
  for (const char* source : {"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::"}) wrong(source, "app");
  EXPECT_TRUE(right_is_refused("2001:db8:1:2::9", "app"));
  EXPECT_FALSE(right_is_refused("2001:db8:1:3::1", "app"));
}

TEST_F(FailedLoginsTest, SharedSourcesAreDelayedAndNeverRefused) {
  limits_.shared.networks.push_back(*IpNetwork::parse("10.0.0.0/8"));
  for (const char* source : {"unix:", "127.0.0.1", "127.9.9.9", "::1", "10.1.2.3"}) {
    const std::string user = std::string("of ") + source;
    wrong(source, user, 100);
    EXPECT_FALSE(right_is_refused(source, user)) << source;
    EXPECT_EQ(delay(source, user), 1000) << source;
  }
  limits_.shared = {};
  wrong("unix:", "app", 3);
  EXPECT_TRUE(right_is_refused("unix:", "app"));
}

TEST_F(FailedLoginsTest, ASourceIsSlowedWhateverNamesItTries) {
  wrong("192.0.2.1", "a");
  wrong("192.0.2.1", "b");
  EXPECT_EQ(delay("192.0.2.1", "c"), 0);
  EXPECT_EQ(delay("192.0.2.1", "d"), 20);
  EXPECT_EQ(delay("192.0.2.1", "e"), 40);
  for (int i = 0; i < 100; ++i) wrong("192.0.2.1", "f" + std::to_string(i));
  EXPECT_EQ(delay("192.0.2.1", "g"), 1000);
  EXPECT_EQ(delay("192.0.2.2", "g"), 0);
  now_ += 2 * kMinute;
  EXPECT_EQ(delay("192.0.2.1", "g"), 0);
}

TEST_F(FailedLoginsTest, ANameIsSlowedFromWherever) {
  for (int i = 0; i < 100; ++i) wrong("192.0.2." + std::to_string(i), "app");
  EXPECT_EQ(delay("198.51.100.1", "app"), 1000);
  EXPECT_EQ(delay("198.51.100.2", "other"), 0);
  EXPECT_FALSE(right_is_refused("198.51.100.1", "app"));  // nor delayed: only failures are
}

TEST_F(FailedLoginsTest, LockedOutAndWrongAreDelayedAlike) {
  AuthFailureLimits never_locks = limits_;
  never_locks.shared.networks.push_back(*IpNetwork::parse("192.0.2.0/24"));
  FailedLogins other;
  for (int i = 0; i < 30; ++i) {
    const bool is_right = i % 7 == 6 && i > 3;  // locked out by then
    EXPECT_EQ(logins_.judge(limits_, "192.0.2.1", "app", is_right, now_).delay_ms,
              other.judge(never_locks, "192.0.2.1", "app", false, now_).delay_ms)
        << i;
  }
}

TEST_F(FailedLoginsTest, CertificatesCountForTheSourceAlone) {
  for (int i = 0; i < 4; ++i) logins_.count_certificate(limits_, "192.0.2.1", now_);
  EXPECT_FALSE(right_is_refused("192.0.2.1", "app"));
  EXPECT_EQ(delay("192.0.2.1", "app"), 40);
}

TEST_F(FailedLoginsTest, WithoutALimitNothingIsCounted) {
  limits_.max = 0;
  wrong("192.0.2.1", "app", 1000);
  EXPECT_EQ(delay("192.0.2.1", "app"), 0);
  limits_.max = 1000;
  EXPECT_EQ(delay("192.0.2.1", "app"), 0);
}

TEST_F(FailedLoginsTest, UnlockForgetsWhatIsNamed) {
  const auto lock_all = [&] {
    for (const char* source : {"192.0.2.1", "192.0.2.2"})
      for (const char* user : {"app", "admin"}) wrong(source, user, 3);
  };
  const auto locked = [&] {
    std::set<std::string> all;
    for (const char* source : {"192.0.2.1", "192.0.2.2"})
      for (const char* user : {"app", "admin"})
        if (right_is_refused(source, user)) all.insert(std::string(source) + " " + user);
    return all;
  };
  lock_all();
  EXPECT_EQ(logins_.unlock("app", "192.0.2.1", now_), 1u);
  EXPECT_EQ(locked(), (std::set<std::string>{"192.0.2.1 admin", "192.0.2.2 admin", "192.0.2.2 app"}));
  EXPECT_EQ(logins_.unlock("app", std::nullopt, now_), 1u);
  EXPECT_EQ(locked(), (std::set<std::string>{"192.0.2.1 admin", "192.0.2.2 admin"}));
  EXPECT_EQ(logins_.unlock(std::nullopt, "192.0.2.2", now_), 1u);
  EXPECT_EQ(locked(), (std::set<std::string>{"192.0.2.1 admin"}));
  EXPECT_EQ(logins_.unlock("nobody", std::nullopt, now_), 0u);
  EXPECT_EQ(logins_.unlock(std::nullopt, "no address", now_), std::nullopt);
  EXPECT_EQ(logins_.unlock(std::nullopt, "unix:", now_), 0u);
}

TEST_F(FailedLoginsTest, UnlockEndsTheDelaysToo) {
  wrong("192.0.2.1", "app", 100);
  EXPECT_EQ(logins_.unlock("app", std::nullopt, now_), 1u);
  EXPECT_EQ(logins_.unlock(std::nullopt, "192.0.2.1", now_), 0u);
  EXPECT_EQ(delay("192.0.2.1", "app"), 0);
}

TEST_F(FailedLoginsTest, ALongerOrShorterWindowBeginsAnew) {
  wrong("192.0.2.1", "app", 2);
  limits_.per = Milliseconds(60 * kMinute);
  wrong("192.0.2.1", "app", 2);
  EXPECT_FALSE(right_is_refused("192.0.2.1", "app"));
  wrong("192.0.2.1", "app");
  limits_.per = Milliseconds(1000);
  EXPECT_TRUE(right_is_refused("192.0.2.1", "app"));  // who is locked out stays so
}

TEST_F(FailedLoginsTest, AWorkerWhoseClockIsAMomentBehindForgetsNothing) {
  for (std::int64_t moment = 0; moment < kMinute; moment += 101) {
    const std::string user = "at " + std::to_string(moment);
    now_ = kStart + moment;
    wrong("192.0.2.1", user, 2);
    now_ -= 101;
    wrong("192.0.2.1", user);
    EXPECT_TRUE(right_is_refused("192.0.2.1", user)) << moment;
  }
}

// Whoever floods the counts with one failure each does not get another's count forgotten.
TEST_F(FailedLoginsTest, AFloodOfSourcesFreesNobodyWhoFailedMoreOften) {
  wrong("192.0.2.1", "app", 3);
  wrong("192.0.2.2", "app", 2);
  const auto source_of = [](std::size_t i) { return "2001:db8:" + std::to_string(i / 10'000) + ":" + std::to_string(i % 10'000) + "::1"; };
  for (std::size_t i = 0; i < 3 * FailedLogins::kMostCounts; ++i) wrong(source_of(i), "flood");
  EXPECT_TRUE(right_is_refused("192.0.2.1", "app"));
  wrong("192.0.2.2", "app");
  EXPECT_TRUE(right_is_refused("192.0.2.2", "app"));
}

TEST_F(FailedLoginsTest, ALongNameIsOneNameAndItsEndCounts) {
  const std::string name(1 << 20, 'x');
  wrong("192.0.2.1", name, 3);
  EXPECT_TRUE(right_is_refused("192.0.2.1", name));
  EXPECT_FALSE(right_is_refused("192.0.2.1", name.substr(1)));
}

// A guess spread over workers gets no more tries than one of a single worker.
TEST_F(FailedLoginsTest, ThreadsCountTogether) {
  limits_.max = 100;
  std::atomic<int> judged{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int guess = 0; guess < 200; ++guess)
        if (!logins_.judge(limits_, "192.0.2.1", "app", false, kStart).is_refused) ++judged;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(judged, 100);
}

}  // namespace
}  // namespace respgate::proxy
