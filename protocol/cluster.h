// Facts of the cluster protocol: which slot a key belongs to, and how a node says
// "not here".  Source: Redis cluster specification (CRC16/XMODEM, 16384 slots, hash tags).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace respgate::protocol {

using Slot = std::uint16_t;
inline constexpr Slot kSlotCount = 16384;

Slot slot_of(std::string_view key);

struct Redirect {
  enum class Kind : std::uint8_t { kMoved, kAsk };
  Kind kind = Kind::kMoved;
  Slot slot = 0;
  std::string_view host;  // empty: the node that answered
  std::uint16_t port = 0;
};

// Reads "MOVED 3999 10.0.0.1:6381" or "ASK …" (an error's line, without '-').
std::optional<Redirect> parse_redirect(std::string_view line);

}  // namespace respgate::protocol
