// How many bytes one worker may hold in buffers: its share of limits.memory.  Each
// holder reports what it holds; past the limit new work is refused, never old data lost.
#pragma once

#include <cstddef>

namespace respgate::proxy {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

  // What is held stays held; past a lower limit, new work waits until enough of it is given back.
  void set_limit(std::size_t limit) { limit_ = limit; }
  void hold(std::size_t bytes) { used_ += bytes; }
  void release(std::size_t bytes) { used_ -= bytes; }
  bool is_exhausted() const { return used_ > limit_; }
  std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
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
