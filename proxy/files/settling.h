// When files that have changed may be read: what there is to know of each, and the
// moment that follows from it.  Times are handed in, nothing is asked for.
//
// All of them are read together, so each must be done changing:
//   a file is at rest   once it has stayed as it is for `settle`
//   while it is open    for writing, written to and not closed since: for kOpenSettles times as long.  Not for ever: a
//                       truncate(2) is never followed by a close, and whoever forgot a descriptor is not writing
//   a change is due     when its file is at rest, and all others are
//   or it is overdue    when its file is at rest, and the change is kBoundSettles times `settle` old: somebody writes
//                       another file without a pause, and is not waited for any longer
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "proxy/common/file_stamp.h"

namespace respgate::proxy {

inline constexpr int kOpenSettles = 20;
inline constexpr int kBoundSettles = 60;

struct WatchedFile {
  using Time = std::chrono::steady_clock::time_point;

  FileStamp known;       // as it was last told, or read
  FileStamp seen;        // as it is
  Time touched;          // when it was last other than a moment before, or written to
  Time changed;          // since when it is other than known
  int watch = -1;        // what inotify calls it; -1: nothing
  bool is_open = false;  // written to, and not closed since

  void see(const FileStamp& stamp, Time now);
  void write(Time now, bool leaves_it_open);
  // What is there is known.
  void learn();
  // A file that is missing is waited for.
  bool is_changed() const { return seen.exists && seen != known; }
  Time at_rest(std::chrono::milliseconds settle) const { return touched + (is_open ? kOpenSettles : 1) * settle; }
};

// By path.
using WatchedFiles = std::map<std::string, WatchedFile>;

// When the first change is due or overdue, if nothing more happens; nothing: there is no change.
std::optional<WatchedFile::Time> when_to_tell(const WatchedFiles& files, std::chrono::milliseconds settle);

}  // namespace respgate::proxy
