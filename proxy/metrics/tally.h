// The security counters as plain numbers, for reports other than a scrape.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace respgate::proxy {

// What went against somebody.  `denials` by what was refused: command, key, channel, database (kDenials).
struct FailureTally {
  std::uint64_t authentication = 0;
  std::array<std::uint64_t, 4> denials{};
};

struct UserTally {
  std::string user;  // as the label of the metrics; "(unknown)" for names that are nobody's
  FailureTally failures;
};

struct ListenerTally {
  std::string listener;
  std::uint64_t connections = 0;  // open now
  std::uint64_t connections_total = 0;
  std::uint64_t refused = 0;  // connections, for whatever reason
  std::vector<UserTally> users;
};

// Counted since the process started, one for each listener there ever was.
using Tally = std::vector<ListenerTally>;

// Of all listeners, the `n` users with most failures, most first; without those who have none.
std::vector<UserTally> most_failures(const Tally& tally, std::size_t n);

// What became of the commands of a listener.
struct CommandTally {
  std::uint64_t forwarded = 0;
  std::uint64_t local = 0;
  std::uint64_t denied = 0;
};

struct NodeTally {
  std::string node;
  std::uint64_t lanes = 0;      // now
  std::uint64_t in_flight = 0;  // requests, now
  std::uint64_t reconnects = 0;
  std::uint64_t errors = 0;
  std::uint64_t desyncs = 0;
};

// How the process is doing, besides.
struct ProcessTally {
  std::vector<CommandTally> commands;  // in the order of Tally
  NodeTally node;
  bool is_last_reload_good = true;
  std::int64_t last_good_load = 0;  // seconds since 1970
  std::uint64_t audit_dropped = 0;
};

}  // namespace respgate::proxy
