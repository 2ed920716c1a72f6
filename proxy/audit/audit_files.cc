#include "proxy/audit/audit_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "proxy/audit/audit_file.h"

namespace respgate::proxy {
namespace {

// Of "audit.jsonl.3" for "audit.jsonl"; 0: it is none of its.
std::size_t number_of(std::string_view name, std::string_view file) {
  if (!name.starts_with(file) || name.size() < file.size() + 2 || name[file.size()] != '.') return 0;
  const std::string_view digits = name.substr(file.size() + 1);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return digits.front() != '0' && error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

std::vector<std::size_t> numbers_beside(const std::filesystem::path& file) {
  std::vector<std::size_t> numbers;
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::size_t number = number_of(entry.path().filename().string(), file.filename().string());
    if (number != 0) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string name_of(const std::string& file, std::size_t number) { return number == 0 ? file : rotated_name(file, number); }

}  // namespace

OpenFile::OpenFile(OpenFile&& other) noexcept : name_(std::move(other.name_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

boost::system::result<OpenFile, std::string> open_for_reading(const std::string& name) {
  const int descriptor = name == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return name + ": " + std::generic_category().message(errno);
  return OpenFile(name, descriptor);
}

// A rotation only ever makes the number greater, and it may take place between any two steps.
boost::system::result<OpenFile, std::string> RotatedFile::open() const {
  for (std::size_t number = number_;; ++number) {
    const std::string name = name_of(file_, number);
    auto opened = open_for_reading(name);
    struct ::stat status {};
    if (opened && ::fstat(opened->descriptor(), &status) != 0) return name + ": " + std::generic_category().message(errno);
    if (opened && status.st_dev == device_ && status.st_ino == inode_) return opened;
    std::error_code ignored;
    const bool is_there = opened || std::filesystem::exists(name, ignored);
    if (!opened && is_there) return opened.error();
    if (!is_there) return name_of(file_, number_) + ": was removed, or replaced, since it was looked for: verify again";
  }
}

boost::system::result<std::vector<RotatedFile>, std::string> find_rotated_set(const std::string& file) {
  std::vector<RotatedFile> found;
  struct ::stat status {};
  if (::stat(file.c_str(), &status) != 0) return file + ": " + std::generic_category().message(errno);
  found.emplace_back(file, 0, status.st_dev, status.st_ino);
  for (const std::size_t number : numbers_beside(file)) {
    const std::string name = rotated_name(file, number);
    if (::stat(name.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;  // removed, or moved on, since it was looked for
      return name + ": " + std::generic_category().message(errno);
    }
    RotatedFile older(file, number, status.st_dev, status.st_ino);
    if (!found.back().is_same_file(older)) found.push_back(std::move(older));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace respgate::proxy
