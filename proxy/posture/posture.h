// How a configuration stands towards the seven questions (SEC 1 to SEC 7) of the AWS
// Well-Architected ElastiCache Lens's security pillar: what it leaves open, and what is
// in order.  The one place that knows: `respgate check` prints all of it, a process that
// puts a configuration in force logs the worst of it.
//
//   SEC 1 who can reach the listeners        SEC 5 encryption on the way
//   SEC 2 who is who                         SEC 6 the admin port, files and their folders
//   SEC 3 which commands can do harm         SEC 7 what is recorded, and where
//   SEC 4 encryption at rest
//
// Pure: a snapshot and the time in, findings out.  What respgate cannot see (firewalls,
// the node's own users and settings, strength of passwords) is not judged.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/posture/finding.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::proxy {

// Sorted by question; the same snapshot gives the same findings.  `now_s`: certificates end.
std::vector<Finding> posture_of(const Snapshot& snapshot, std::int64_t now_s);

// Is it worth a line of the log each time it is put in force: a FAIL, or a way that is not private (SEC 5)?
bool is_told_at_start(const Finding& finding);

}  // namespace respgate::proxy
