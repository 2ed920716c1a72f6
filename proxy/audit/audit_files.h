// The files that an audit log is in, opened for reading.
#pragma once

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

// FILE.N … FILE.2, FILE.1, FILE, as many as there are.  One that is rotated meanwhile comes once.
boost::system::result<std::vector<OpenFile>, std::string> open_rotated_set(const std::string& file);

}  // namespace respgate::proxy
