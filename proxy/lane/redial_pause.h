// How long to wait before a node is dialled again.
#pragma once

#include <algorithm>
#include <cstdint>

namespace respgate::proxy {

// In milliseconds, after `failures` in a row before this one: from 50 ms doubled up to 2 s, of which chance (any number)
// takes up to half away, so that not all come back at once.
inline std::int64_t redial_pause_ms(unsigned failures, std::uint64_t chance) {
  constexpr std::int64_t kFirst = 50;
  constexpr std::int64_t kLongest = 2000;
  const std::int64_t half = std::min(kLongest, kFirst << std::min(failures, 10u)) / 2;
  return half + static_cast<std::int64_t>(chance % static_cast<std::uint64_t>(half + 1));
}

}  // namespace respgate::proxy
