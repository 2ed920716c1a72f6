// A directory of one test's own, removed with all that is in it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace respgate::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory();  // throws std::system_error
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string file(std::string_view name) const { return (path_ / name).string(); }
  // Writes a file that only its owner may touch; gives its path.
  std::string write(std::string_view name, std::string_view text) const;
  // Empty when there is no such file.
  std::string read(std::string_view name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace respgate::test
