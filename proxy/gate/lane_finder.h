// Which connection of the node another client has for itself: what a gate may ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace respgate::proxy {

class LaneFinder {
 public:
  // `client` as CLIENT ID says it.  Nothing when that client has none, or is another user's.
  virtual std::optional<std::int64_t> find(std::uint64_t client, std::string_view user) const = 0;

 protected:
  ~LaneFinder() = default;
};

}  // namespace respgate::proxy
