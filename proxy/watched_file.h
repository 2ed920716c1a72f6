// Notices that a file has changed and is done changing, by asking about it now and
// then: works for files that are written in place, moved in, or reached through links
// that are swapped (Kubernetes secrets).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace respgate::proxy {

class WatchedFile {
 public:
  // What is there now counts as known.  An empty path never changes.
  explicit WatchedFile(std::string path);

  // True once for each change: when the file differs from what was known and has stayed the same since the last
  // call.  Call about once a second: a half-written file is not taken for a whole one.
  bool has_changed();

 private:
  struct Stamp {
    bool exists = false;
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_s = 0, modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;

  std::string path_;
  Stamp known_;
  Stamp last_;
};

}  // namespace respgate::proxy
