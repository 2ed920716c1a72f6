// What every session of a worker shares.  The worker has one, and all that it names outlives the sessions.
#pragma once

#include <cstdint>
#include <span>

#include <boost/asio/io_context.hpp>

#include "proxy/common/memory_budget.h"
#include "proxy/common/request.h"
#include "proxy/gate/process_view.h"
#include "proxy/lane/lane_directory.h"
#include "proxy/lane/pinned_lanes.h"
#include "proxy/lane/standalone_router.h"
#include "proxy/session/client_inquiry.h"
#include "proxy/session/decision_log.h"
#include "proxy/session/turn_queue.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::proxy {

struct SessionServices {
  boost::asio::io_context& io;
  std::span<char> scratch;
  RequestPool& requests;
  StandaloneRouter& router;
  PinnedLanes& pinned;
  LaneDirectory& directory;
  DecisionLog& decisions;
  TurnQueue& turn;
  MemoryBudget& memory;
  ClientInquiry& inquiry;
  const SnapshotPtr& snapshot;  // in force
  const std::int64_t& unix_s;   // the time, as of the last sweep
  ProcessView& process;
};

}  // namespace respgate::proxy
