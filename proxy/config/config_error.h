// A complaint about a file, and the place where it was written.  What the loaders
// of the configuration and of the policy hand back instead of throwing.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace respgate::proxy {

// Both from 1, as editors count; 0: the file as a whole.
struct Position {
  unsigned line = 0;
  unsigned column = 0;
  auto operator<=>(const Position&) const = default;
};

struct ConfigError {
  std::string file;
  unsigned line = 0;  // from 1; 0: the file as a whole
  unsigned column = 0;
  std::string what;  // what is wrong, and what to write instead
};
// "file:line:column: what", without the numbers that are 0.  One line, whatever bytes `what` holds.
std::string to_string(const ConfigError& error);

struct ConfigErrors {
  std::vector<ConfigError> errors;
};

// Text from a file as an error message may show it: quoted, cut at 80 bytes, nothing but printable ASCII.
std::string quote(std::string_view text);

// Collects the complaints about one file, so that a reader sees all of them at once.
class ErrorLog {
 public:
  explicit ErrorLog(std::string file) : file_(std::move(file)) {}

  void add(Position at, std::string what) { errors_.push_back({file_, at.line, at.column, std::move(what)}); }
  // "subject: what"; the subject is the path of a value, such as limits.memory.
  void add(Position at, const std::string& subject, std::string_view what) { add(at, std::string(subject).append(": ").append(what)); }
  std::size_t size() const { return errors_.size(); }
  // In the order of the file; the log is empty afterwards.
  std::vector<ConfigError> take();

 private:
  std::string file_;
  std::vector<ConfigError> errors_;
};

}  // namespace respgate::proxy
