// How to tell whether a file is still the one that was read: another file in its place,
// other contents, other rights on it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace respgate::proxy {

struct FileStamp {
  bool exists = false;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_s = 0, modified_ns = 0;
  std::uint32_t mode = 0, owner = 0, group = 0;  // who may write it decides whether it is read at all
  bool operator==(const FileStamp&) const = default;
};

// Of what the path leads to, through links.
FileStamp stamp_of(const std::string& path);

// By path.
using FileStamps = std::map<std::string, FileStamp>;
FileStamps stamps_of(const std::vector<std::string>& paths);

}  // namespace respgate::proxy
