// The security counters as CloudWatch Embedded Metric Format: lines of JSON that the CloudWatch agent, or a
// container's log driver, turns into metrics.  They have the names that ElastiCache gives its own (AWS/ElastiCache),
// with the dimensions that those lack, Listener and User:
//
//   {}                            one line: the whole process
//   {Listener}                    one line for each
//   {User} and {Listener, User}   one line for each pair: what went against that user
//
// Counts are what happened since the report before (AWS sums them up), CurrConnections what is.  A series that is 0
// is told, too, so that alarms have data.
// Source: AWS, "Embedded metric format specification"; "Metrics for Valkey and Redis OSS" (ElastiCache user guide).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "proxy/metrics/tally.h"

namespace respgate::proxy {

class EmfReport {
 public:
  explicit EmfReport(std::string name_space) : name_space_(std::move(name_space)) {}

  void rename(std::string name_space) { name_space_ = std::move(name_space); }

  // Lines, each ending with a newline: what happened between the last call and this one.  What counted is `now`.
  std::string next(const Tally& now, std::int64_t unix_ms);

 private:
  struct Before {
    std::uint64_t connections_total = 0;
    std::uint64_t refused = 0;
    std::map<std::string, FailureTally> users;
  };

  std::string name_space_;
  std::map<std::string, Before> before_;  // by listener
};

}  // namespace respgate::proxy
