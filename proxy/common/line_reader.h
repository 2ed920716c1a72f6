// Reads a file of any size line by line in bounded memory.  One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace respgate::proxy {

class LineReader {
 public:
  // REQUIRES: `descriptor` stays open as long as this is used.
  LineReader(int descriptor, std::size_t max_line_bytes) : descriptor_(descriptor), max_line_(max_line_bytes) {}

  struct Line {
    std::string_view text;  // without the newline; until the next call
    bool has_end = true;    // false: the file ends within it
    bool is_cut = false;    // it is longer than max_line_bytes: `text` is how it begins
  };
  // Nothing: the end of the file, or an error.
  std::optional<Line> next();
  std::error_code error() const { return error_; }

 private:
  bool fill();
  std::optional<Line> skip_long_line();

  const int descriptor_;
  const std::size_t max_line_;
  std::string buffer_;
  std::string long_line_;
  std::size_t begin_ = 0;  // in buffer_: of what was not given out yet
  bool at_end_ = false;
  std::error_code error_;
};

}  // namespace respgate::proxy
