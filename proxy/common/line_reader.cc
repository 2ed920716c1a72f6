#include "proxy/common/line_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace respgate::proxy {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

// False: there is no more.
bool LineReader::fill() {
  if (at_end_) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  ssize_t n = 0;
  do n = ::read(descriptor_, buffer_.data() + had, kReadBytes);
  while (n < 0 && errno == EINTR);
  if (n < 0) error_.assign(errno, std::generic_category());
  buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  at_end_ = n <= 0;
  return !at_end_;
}

std::optional<LineReader::Line> LineReader::next() {
  std::size_t looked_at = 0;  // behind begin_
  while (true) {
    const std::size_t newline = buffer_.find('\n', begin_ + looked_at);
    if (newline != std::string::npos) {
      Line line{std::string_view(buffer_).substr(begin_, newline - begin_), true, false};
      line.is_cut = line.text.size() > max_line_;
      line.text = line.text.substr(0, max_line_);
      begin_ = newline + 1;
      return line;
    }
    looked_at = buffer_.size() - begin_;
    if (looked_at > max_line_) break;
    if (fill()) continue;
    if (error_ || looked_at == 0) return std::nullopt;
    Line line{std::string_view(buffer_).substr(begin_), false, false};
    begin_ = buffer_.size();
    return line;
  }
  return skip_long_line();
}

// What it begins with is kept, the rest is let go as it is read.
std::optional<LineReader::Line> LineReader::skip_long_line() {
  const std::string head = buffer_.substr(begin_, max_line_);
  Line line{{}, false, true};
  while (true) {
    begin_ = buffer_.size();
    if (!fill()) break;
    const std::size_t newline = buffer_.find('\n');
    if (newline == std::string::npos) continue;
    begin_ = newline + 1;
    line.has_end = true;
    break;
  }
  if (error_) return std::nullopt;
  long_line_ = head;
  line.text = long_line_;
  return line;
}

}  // namespace respgate::proxy
