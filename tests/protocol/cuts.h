// Feeds the same bytes in every way a network may cut them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace respgate::protocol {

// Calls run(pieces) with `wire` whole, byte by byte, and cut in two at every place.
// A failure within says which of these it was.  Work grows with the square of the
// size: for wires of up to some hundred bytes.
template <typename Run>
void for_each_cut(std::string_view wire, Run&& run) {
  using Pieces = std::vector<std::string_view>;
  {
    SCOPED_TRACE("whole");
    run(Pieces{wire});
  }
  {
    SCOPED_TRACE("byte by byte");
    Pieces bytes;
    for (std::size_t i = 0; i < wire.size(); ++i) bytes.push_back(wire.substr(i, 1));
    run(bytes);
  }
  for (std::size_t cut = 1; cut < wire.size(); ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    run(Pieces{wire.substr(0, cut), wire.substr(cut)});
  }
}

}  // namespace respgate::protocol
