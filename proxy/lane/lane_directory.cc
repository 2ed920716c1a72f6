#include "proxy/lane/lane_directory.h"

namespace respgate::proxy {

void LaneDirectory::set(std::uint64_t client, std::string_view user, std::int64_t server_side_id) {
  const std::lock_guard lock(mutex_);
  entries_[client] = {std::string(user), server_side_id};
}

void LaneDirectory::remove(std::uint64_t client) {
  const std::lock_guard lock(mutex_);
  entries_.erase(client);
}

std::optional<std::int64_t> LaneDirectory::find(std::uint64_t client, std::string_view user) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(client);
  if (found == entries_.end() || found->second.user != user) return std::nullopt;
  return found->second.server_side_id;
}

}  // namespace respgate::proxy
