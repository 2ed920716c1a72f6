// What a client might send, and what a fuzzer would make of it.
#pragma once

#include <random>
#include <string>

#include "tests/protocol/command_feed.h"

namespace respgate::protocol {

// A few ECHO commands, inline and not, of few kinds of bytes, and up to two changes
// to them.
inline std::string random_wire(std::mt19937& random) {
  static constexpr std::string_view kContent = "a\r\n$*0 \"'";
  static constexpr std::string_view kChange{"\0\r\n$*-+01 \"'x", 13};
  std::string wire;
  const auto pick = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (std::size_t commands = 1 + pick(4); commands > 0; --commands) {
    Words words{"ECHO"};
    for (std::size_t args = pick(4); args > 0; --args) words.emplace_back(pick(12), kContent[pick(kContent.size())]);
    wire += pick(4) == 0 ? "ECHO \"a b\" '" + std::string(pick(3), 'c') + "'\r\n" : encoded(words);
  }
  for (std::size_t changes = pick(3); changes > 0 && !wire.empty(); --changes) {
    const std::size_t at = pick(wire.size());
    switch (pick(3)) {
      case 0: wire[at] = kChange[pick(kChange.size())]; break;
      case 1: wire.erase(at, 1 + pick(3)); break;
      default: wire.insert(at, 1, kChange[pick(kChange.size())]); break;
    }
  }
  return wire;
}

}  // namespace respgate::protocol
