// One of many clients of a crosstalk run: a non-blocking connection that asks
// without end, in packets cut anywhere, and judges every byte that comes back.
// Driven by its owner's poll loop; not for threads.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "tests/integration/tagged_requests.h"

namespace respgate::test {

// What the run knows of the upstream, shared by all clients.
struct Outage {
  bool has_been = false;
  bool is_now = false;
  double over_at = 0;  // seconds of the run's clock
  // The time that lanes are given to be dialled again.
  static constexpr double kRecoverySeconds = 1.5;
  bool excuses(double sent_at) const { return has_been && (is_now || sent_at < over_at + kRecoverySeconds); }
};

struct CrowdCounters {
  std::uint64_t sent = 0, exact = 0, after_outage = 0, failed = 0, vanished = 0, malformed = 0, connections = 0, bytes = 0;
};

class TaggedClient {
 public:
  struct Place {
    std::string unix_path;
    std::uint16_t port = 0;
  };

  TaggedClient(Place place, std::string user, bool by_tcp) : place_(std::move(place)), user_(std::move(user)), by_tcp_(by_tcp) {}
  ~TaggedClient();
  TaggedClient(TaggedClient&&) = delete;

  // Connects anew as a client that nobody has heard of.  Gives what went wrong.
  std::optional<std::string> connect(Random& random, std::uint64_t tag, double now, CrowdCounters& counters);

  int socket() const { return socket_; }
  bool wants_to_write() const { return unsent_ < out_.size(); }
  bool is_idle() const { return expected_.empty() && !wants_to_write(); }
  bool is_ended() const { return ended_; }  // the peer closed it, as it should; connect() again

  // Adds work when there is little left: a pipeline, seldom with an end of its own.
  void plan(Random& random, double now, CrowdCounters& counters);
  // Writes some of what is planned, in a piece of random size.  Gives what went wrong.
  std::optional<std::string> write_some(Random& random);
  std::optional<std::string> read_some(const Outage& outage, CrowdCounters& counters);
  // Is gone, in the middle of whatever it is; over TCP with a reset.
  void vanish();

  std::string describe() const;

 private:
  static constexpr std::size_t kPassedOn = 64 * 1024;  // larger replies are passed on in parts
  bool is_cut_off(const Outage& outage) const;
  enum class Match : std::uint8_t { kNone, kMore, kWhole };
  std::optional<std::string> judge(const Outage& outage, CrowdCounters& counters);
  Match match(const Expected& expected, const Outage& outage, CrowdCounters& counters);
  Match match_one(std::string_view wire);
  Match match_hello();

  Place place_;
  std::string user_;
  bool by_tcp_;
  int socket_ = -1;
  std::optional<TaggedRequests> requests_;
  std::string out_;
  std::size_t unsent_ = 0;
  std::string in_;
  std::size_t judged_ = 0;
  std::deque<Expected> expected_;
  bool closing_ = false;  // has sent its last, malformed request
  bool ended_ = false;
};

}  // namespace respgate::test
