// How many lines of one kind a thread may log in a second, or another while: a peer that is
// not known yet must not fill a disk.  Metrics count what is left out.
// Lives on one thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace respgate::proxy {

class LogQuota {
 public:
  explicit LogQuota(std::size_t lines, std::int64_t per_ms = 1000) : lines_(lines), per_ms_(per_ms) {}

  // May a line be logged now (steady clock)?
  bool admits(std::int64_t now_ms) {
    if (now_ms - began_ms_ >= per_ms_) {
      began_ms_ = now_ms;
      logged_ = 0;
    }
    const bool is_admitted = logged_ < lines_;
    is_admitted ? ++logged_ : ++left_out_;
    return is_admitted;
  }

  // How many were not since the last call; for the next line that is.
  std::size_t take_left_out() {
    const std::size_t count = left_out_;
    left_out_ = 0;
    return count;
  }

 private:
  const std::size_t lines_;
  const std::int64_t per_ms_;
  std::int64_t began_ms_ = INT64_MIN / 2;  // of the while that is counted
  std::size_t logged_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace respgate::proxy
