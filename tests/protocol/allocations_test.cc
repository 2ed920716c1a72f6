#include "tests/protocol/allocations.h"

#include <malloc.h>

#include <cstdlib>
#include <memory>
#include <new>

#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

struct Counts {
  std::size_t made = 0;
  std::size_t bytes = 0;
  std::size_t live = 0;
};

constinit Counts counts;

}  // namespace

std::size_t allocations() { return counts.made; }
std::size_t allocated_bytes() { return counts.bytes; }
std::size_t live_bytes() { return counts.live; }

void* count_allocation(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++counts.made;
  counts.bytes += size;
  counts.live += ::malloc_usable_size(memory);
  return memory;
}

void count_release(void* memory) {
  if (memory != nullptr) counts.live -= ::malloc_usable_size(memory);
  std::free(memory);
}

namespace {

TEST(AllocationsTest, AreCounted) {
  const std::size_t made = allocations();
  const std::size_t live = live_bytes();
  auto thousand = std::make_unique<char[]>(1000);
  EXPECT_EQ(allocations(), made + 1);
  EXPECT_GE(live_bytes(), live + 1000);
  thousand.reset();
  EXPECT_EQ(live_bytes(), live);
}

}  // namespace
}  // namespace respgate::protocol

// All of them: a sanitizer's own new[] would not ask ours.
void* operator new(std::size_t size) { return respgate::protocol::count_allocation(size); }
void* operator new[](std::size_t size) { return respgate::protocol::count_allocation(size); }
void operator delete[](void* memory) noexcept { respgate::protocol::count_release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { respgate::protocol::count_release(memory); }
void operator delete(void* memory) noexcept { respgate::protocol::count_release(memory); }
void operator delete(void* memory, std::size_t) noexcept { respgate::protocol::count_release(memory); }
