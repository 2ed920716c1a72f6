#include "proxy/files/settling.h"

#include <algorithm>

namespace respgate::proxy {

void WatchedFile::see(const FileStamp& stamp, Time now) {
  if (stamp == seen) return;
  const bool was_changed = is_changed();
  seen = stamp;
  touched = now;
  if (is_changed() && !was_changed) changed = now;
}

void WatchedFile::write(Time now, bool leaves_it_open) {
  touched = now;
  is_open = leaves_it_open;
}

void WatchedFile::learn() { known = seen; }

std::optional<WatchedFile::Time> when_to_tell(const WatchedFiles& files, std::chrono::milliseconds settle) {
  WatchedFile::Time all_at_rest{};
  for (const auto& [path, file] : files) all_at_rest = std::max(all_at_rest, file.at_rest(settle));
  std::optional<WatchedFile::Time> first;
  for (const auto& [path, file] : files) {
    if (!file.is_changed()) continue;
    const WatchedFile::Time when = std::max(file.at_rest(settle), std::min(all_at_rest, file.changed + kBoundSettles * settle));
    first = first ? std::min(*first, when) : when;
  }
  return first;
}

}  // namespace respgate::proxy
