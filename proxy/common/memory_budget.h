// How many bytes one worker may hold in buffers: its share of limits.memory.  Each
// holder reports what it holds; past the limit new work is refused, never old data lost.
// It also tells when so much has been given back since that the heap should be too.
#pragma once

#include <algorithm>
#include <cstddef>

namespace respgate::proxy {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

  // What is held stays held; past a lower limit, new work waits until enough of it is given back.
  void set_limit(std::size_t limit) { limit_ = limit; }
  void hold(std::size_t bytes) {
    used_ += bytes;
    most_ = std::max(most_, used_);
  }
  void release(std::size_t bytes) { used_ -= bytes; }
  bool is_exhausted() const { return used_ > limit_; }
  std::size_t used() const { return used_; }

  // A request that is passed on before it is whole makes the node set its announced size aside: so much of it per worker
  // at a time, and one of the largest at least.  Others are kept here until they are whole.
  static constexpr std::size_t kMostAnnounced = 512u << 20;
  bool may_announce(std::size_t bytes) const { return announced_ == 0 || announced_ + bytes <= kMostAnnounced; }
  void announce(std::size_t bytes) { announced_ += bytes; }
  void withdraw(std::size_t bytes) { announced_ -= bytes; }

  // True once when a good part of what was held is given back: the process keeps what lies between buffers that came and
  // went until it is told to return it (malloc_trim).  Counted anew from then on.
  bool take_ebb() {
    if (most_ - used_ < std::max(kEbb, used_)) return false;
    most_ = used_;
    return true;
  }

 private:
  static constexpr std::size_t kEbb = std::size_t{8} << 20;  // less is not worth a walk through the heap

  std::size_t limit_;
  std::size_t used_ = 0;
  std::size_t announced_ = 0;
  std::size_t most_ = 0;  // since the last ebb
};

// What one holder has reported so far; gives it back when the holder goes.
class MemoryShare {
 public:
  explicit MemoryShare(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryShare() { budget_.release(held_); }
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  void now_holds(std::size_t bytes) {
    if (bytes == held_) return;
    budget_.release(held_);
    budget_.hold(bytes);
    held_ = bytes;
  }

 private:
  MemoryBudget& budget_;
  std::size_t held_ = 0;
};

}  // namespace respgate::proxy
