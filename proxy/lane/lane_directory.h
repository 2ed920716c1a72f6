// Which connection of the node a client has for itself, for clients that name each
// other: CLIENT TRACKING … REDIRECT.  Only lanes that are never used by another
// afterwards are listed, so a number that is known never comes to mean somebody else.
//
// One per process; any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/gate/lane_finder.h"

namespace respgate::proxy {

class LaneDirectory final : public LaneFinder {
 public:
  // `client` as CLIENT ID says it; `user` is who it is logged in as.
  void set(std::uint64_t client, std::string_view user, std::int64_t server_side_id);
  void remove(std::uint64_t client);
  std::optional<std::int64_t> find(std::uint64_t client, std::string_view user) const override;

 private:
  struct Entry {
    std::string user;
    std::int64_t server_side_id;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace respgate::proxy
