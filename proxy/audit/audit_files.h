// The files that an audit log is in, and how they are opened for reading.  They are found
// together and opened one after the other: there may be a hundred of them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

namespace respgate::proxy {

// An open file; closed with it.
class OpenFile {
 public:
  OpenFile(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

  const std::string& name() const { return name_; }
  int descriptor() const { return descriptor_; }

 private:
  std::string name_;
  int descriptor_;
};

// "-" is stdin.  The error names the file.
boost::system::result<OpenFile, std::string> open_for_reading(const std::string& name);

// One of the files that FILE was rotated to, or FILE itself, as it was when it was looked for.
class RotatedFile {
 public:
  RotatedFile(std::string file, std::size_t number, ::dev_t device, ::ino_t inode)
      : file_(std::move(file)), number_(number), device_(device), inode_(inode) {}

  // The same file, under the name that it has now: it may have been rotated since.  The error names it.
  boost::system::result<OpenFile, std::string> open() const;
  bool is_same_file(const RotatedFile& other) const { return device_ == other.device_ && inode_ == other.inode_; }

 private:
  std::string file_;
  std::size_t number_;  // 0: FILE itself
  ::dev_t device_;
  ::ino_t inode_;
};

// FILE.N … FILE.2, FILE.1, FILE, as many as there are.  One that is rotated meanwhile comes once.
boost::system::result<std::vector<RotatedFile>, std::string> find_rotated_set(const std::string& file);

}  // namespace respgate::proxy
