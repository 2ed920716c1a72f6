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

bool is_same_file(int a, int b) {
  struct stat first {};
  struct stat second {};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

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

boost::system::result<std::vector<OpenFile>, std::string> open_rotated_set(const std::string& file) {
  std::vector<OpenFile> files;
  auto newest = open_for_reading(file);
  if (!newest) return newest.error();
  files.push_back(std::move(*newest));
  for (const std::size_t number : numbers_beside(file)) {
    const std::string name = rotated_name(file, number);
    auto older = open_for_reading(name);
    std::error_code ignored;
    if (!older && !std::filesystem::exists(name, ignored)) continue;  // removed, or moved on, since it was looked for
    if (!older) return older.error();
    if (!is_same_file(files.back().descriptor(), older->descriptor())) files.push_back(std::move(*older));
  }
  // Moves only: the assignment that std::reverse would need is not there.
  std::vector<OpenFile> oldest_first;
  while (!files.empty()) {
    oldest_first.push_back(std::move(files.back()));
    files.pop_back();
  }
  return oldest_first;
}

}  // namespace respgate::proxy
