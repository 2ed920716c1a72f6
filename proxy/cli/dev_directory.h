// A directory for what `respgate dev` leaves nowhere else: /tmp/respgate-dev-XXXXXX, for
// its owner only, gone in the end.  A process that is killed cannot clean up, so each
// directory holds a file locked by its process, and the next one that starts removes
// those of this user whose lock is free.
#pragma once

#include <string>
#include <string_view>

namespace respgate::proxy {

class DevDirectory {
 public:
  DevDirectory();  // throws std::system_error naming the directory
  ~DevDirectory();
  DevDirectory(const DevDirectory&) = delete;
  DevDirectory& operator=(const DevDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  // A file for its owner only; throws std::system_error naming it.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  void lock();

  std::string path_;
  int lock_ = -1;  // held as long as this process lives, whatever ends it
};

}  // namespace respgate::proxy
