// What all workers add up while they serve, and what a gate gets to see of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/gate/process_view.h"
#include "proxy/session/denial_record.h"
#include "proxy/session/failed_logins.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::proxy {

// One in the process; outlives the workers.  Every part is thread-safe.
struct ProcessState {
  const std::size_t workers;
  const std::int64_t started_ms;  // steady clock
  DenialRecord denials{};
  FailedLogins failed_logins{};
  std::atomic<std::size_t> clients{0};
};

// That of one worker: by the limits of its snapshot in force.
class WorkerProcessView final : public ProcessView {
 public:
  WorkerProcessView(ProcessState& state, const SnapshotPtr& snapshot) : state_(state), snapshot_(snapshot) {}

  ProcessReport report() const override;
  std::vector<AclLogEntry> newest_denials(std::size_t count) const override { return state_.denials.newest(count); }
  void forget_denials() override { state_.denials.forget(); }
  LoginRuling judge_login(std::string_view source, std::string_view user, bool is_right) override;

 private:
  ProcessState& state_;
  const SnapshotPtr& snapshot_;
};

}  // namespace respgate::proxy
