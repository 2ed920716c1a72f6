// A queue in one block of memory that grows by doubling, and costs nothing until it is
// first used: a std::deque takes more than half a KiB for being there, which every idle
// connection would pay.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>

namespace respgate::proxy {

// REQUIRES: T is default-constructible and its moves do not throw.
template <typename T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // `i` counts from the front.  REQUIRES: i < size().
  T& operator[](std::size_t i) {
    assert(i < size_);
    return slots_[(first_ + i) & mask_];
  }
  const T& operator[](std::size_t i) const {
    assert(i < size_);
    return slots_[(first_ + i) & mask_];
  }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  // A new T, value-initialised, at the back.
  T& emplace_back() {
    if (size_ > mask_ || slots_ == nullptr) grow();
    return (*this)[size_++];
  }

  // REQUIRES: not empty.
  void pop_front() {
    front() = T();
    first_ = (first_ + 1) & mask_;
    --size_;
  }

  // Gives the memory of an empty queue back.
  void trim() {
    if (size_ != 0) return;
    slots_.reset();
    first_ = mask_ = 0;
  }

 private:
  static constexpr std::size_t kFirstSlots = 4;

  void grow() {
    const std::size_t places = slots_ == nullptr ? kFirstSlots : 2 * (mask_ + 1);
    auto larger = std::make_unique<T[]>(places);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    mask_ = places - 1;
    first_ = 0;
  }

  std::unique_ptr<T[]> slots_;  // as many as a power of two, or none
  std::size_t mask_ = 0;        // one less than there are: no place that is not there can be named
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace respgate::proxy
