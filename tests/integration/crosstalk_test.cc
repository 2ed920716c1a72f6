// No reply to the wrong client, none twice, none missing without an error.
//
// 200 clients of 4 users on 2 workers ask for tagged values in random pipelines of
// allowed, denied, wrong, malformed and huge commands; some vanish in the middle; the
// server is killed and started again meanwhile.  Errors of the contract are right only
// for what was in flight while the server was away or not yet dialled again.
//
// RESPGATE_CROSSTALK_SECONDS (12) and RESPGATE_CROSSTALK_SEED change the run.
#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/gate_process.h"
#include "tests/integration/redis_process.h"
#include "tests/integration/tagged_client.h"

namespace respgate::test {
namespace {

constexpr std::size_t kClients = 200;
constexpr std::size_t kUsers = 4;
constexpr double kOutageEvery = 3.0;  // seconds; the first seconds and the last ones have none
constexpr double kOutageLasts = 0.4;

double from_environment(const char* name, double otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtod(given, nullptr);
}

std::string users() {
  std::string text = "user default off\n";
  for (std::size_t n = 0; n < kUsers; ++n) {
    const std::string name = "u" + std::to_string(n);
    text += "user " + name + " on >" + name + "-secret ~" + name + ":* &" + name + ":* +@all -@dangerous -@admin\n";
  }
  return text;
}

class Crowd {
 public:
  Crowd(const TemporaryDirectory& directory, std::uint64_t seed)
      : random_(seed), server_(directory, "redis"), gate_(directory, {"unix:" + server_.path(), users(), 2, ""}, "u0") {
    for (std::size_t n = 0; n < kClients; ++n) {
      clients_.push_back(std::make_unique<TaggedClient>(TaggedClient::Place{gate_.path(), gate_.port()}, "u" + std::to_string(n % kUsers),
                                                        n / kUsers % 2 == 1));
    }
  }

  // Gives the first thing that went wrong, or nothing.
  std::string run(double seconds) {
    for (const auto& client : clients_) renew(*client);
    while (failure_.empty() && now() < seconds) {
      break_and_mend_server(seconds);
      turn(true);
    }
    if (outage_.is_now) mend_server();
    finish();
    if (failure_.empty() && !gate_.is_running()) failure_ = "respgate left";
    const std::string end = gate_.stop();
    return failure_.empty() ? end : failure_ + "\n" + end + "\n" + gate_.log();
  }

  const CrowdCounters& counters() const { return counters_; }

 private:
  double now() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(); }

  void renew(TaggedClient& client) { note(client, client.connect(random_, ++tag_, now(), counters_)); }

  void note(const TaggedClient& client, const std::optional<std::string>& problem) {
    if (problem && failure_.empty()) failure_ = client.describe() + ": " + *problem;
  }

  // One round of poll: everybody who can reads, writes, plans; a few vanish.
  void turn(bool plan) {
    std::vector<pollfd> polled;
    for (const auto& client : clients_)
      polled.push_back({client->socket(), static_cast<short>(POLLIN | (client->wants_to_write() ? POLLOUT : 0)), 0});
    ::poll(polled.data(), polled.size(), 20);
    for (std::size_t n = 0; n < clients_.size() && failure_.empty(); ++n) step(*clients_[n], polled[n].revents, plan);
  }

  void step(TaggedClient& client, int events, bool plan) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) note(client, client.read_some(outage_, counters_));
    if (!client.is_ended() && plan && chance(random_, 0.002)) {
      client.vanish();
      ++counters_.vanished;
    }
    if (client.is_ended()) return failure_.empty() ? renew(client) : void();
    if (plan) client.plan(random_, now(), counters_);
    note(client, client.write_some(random_));
  }

  void break_and_mend_server(double seconds) {
    if (outage_.is_now) {
      if (now() > outage_.over_at) mend_server();
    } else if (now() > next_outage_ && now() < seconds - kOutageEvery) {
      server_.kill();
      ++outages_;
      outage_ = {true, true, now() + kOutageLasts};
    }
  }

  void mend_server() {
    server_.start();
    outage_.is_now = false;
    outage_.over_at = now();
    next_outage_ = now() + kOutageEvery;
  }

  // Nothing new is asked: what is outstanding must come.
  void finish() {
    const double deadline = now() + test_deadline();
    const auto outstanding = [&] {
      std::size_t count = 0;
      for (const auto& client : clients_) count += client->is_idle() ? 0 : 1;
      return count;
    };
    while (failure_.empty() && outstanding() > 0) {
      turn(false);
      if (now() > deadline) failure_ = std::to_string(outstanding()) + " clients still wait for replies";
    }
  }

  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Random random_;
  RedisProcess server_;
  GateProcess gate_;
  std::vector<std::unique_ptr<TaggedClient>> clients_;
  CrowdCounters counters_;
  Outage outage_;
  double next_outage_ = kOutageEvery;
  std::size_t outages_ = 0;
  std::uint64_t tag_ = 0;
  std::string failure_;
};

TEST(CrosstalkTest, NoReplyReachesTheWrongClientNoneTwiceNoneIsMissing) {
  const auto seed = static_cast<std::uint64_t>(from_environment("RESPGATE_CROSSTALK_SEED", 20250917));
  const TemporaryDirectory directory;
  Crowd crowd(directory, seed);
  EXPECT_EQ(crowd.run(from_environment("RESPGATE_CROSSTALK_SECONDS", 12)), "");
  const CrowdCounters& counters = crowd.counters();
  std::cout << "seed " << seed << ": " << counters.sent << " requests, " << counters.exact << " answered exactly, " << counters.after_outage
            << " after lost data, " << counters.failed << " failed in an outage, " << counters.connections << " connections, "
            << counters.vanished << " vanished, " << counters.malformed << " malformed, " << counters.bytes / (1 << 20) << " MiB read\n";
  EXPECT_GT(counters.exact, 10000U);
  EXPECT_GT(counters.failed, 0U);
  EXPECT_GT(counters.vanished, 0U);
  EXPECT_GT(counters.malformed, 0U);
}

}  // namespace
}  // namespace respgate::test
