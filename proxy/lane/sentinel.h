// Keeps a shared lane honest: decides when a request is guarded by an ECHO of a fresh
// nonce, and writes it.  A server bug that makes one reply too many, or one too few, of
// a kind that fits cannot be seen otherwise (redis #15640, valkey #3516).
//
//   strict  every request is guarded, its reply held until the echo comes: no foreign
//           byte is ever passed on
//   on      a probe every `every` requests, and `interval` after the last one while
//           the lane is used: bounds how long such a lane can go unnoticed
//   off     only where one principal exists
//
// A server that refuses everything for a while (BUSY, LOADING, MASTERDOWN) refuses its echoes too: see Pipeline::is_excused.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "proxy/common/request.h"
#include "proxy/config/config.h"

namespace respgate::proxy {

class Sentinel {
 public:
  explicit Sentinel(const SentinelConfig& config);

  // A request is about to join the lane: guards it in strict mode.
  void guard(Request& request);

  // Is a probe due, now that `requests` more have joined since the last?  Call once a turn and once a sweep.
  bool is_due(std::int64_t now_ms) const;
  // Makes `request` a probe.
  void make_probe(Request& request, std::int64_t now_ms);
  // A request joined the lane.
  void count() { ++since_probe_; }

 private:
  Nonce fresh_nonce();

  SentinelConfig config_;
  std::mt19937_64 random_;
  std::size_t since_probe_ = 0;
  std::int64_t last_probe_ms_ = 0;
};

}  // namespace respgate::proxy
