// The security counters as plain numbers, for reports other than a scrape.
#pragma once

#include <array>
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

}  // namespace respgate::proxy
