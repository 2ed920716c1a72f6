// Counts what this executable takes from the heap.  Not for threads.
#pragma once

#include <cstddef>

namespace respgate::protocol {

std::size_t allocations();      // made so far
std::size_t allocated_bytes();  // asked for so far
std::size_t live_bytes();       // not given back yet

}  // namespace respgate::protocol
