// Bytes that somebody else chose, made fit for a log line, an audit line or a
// metric's label.  Pure ASCII comes out: nothing that moves a cursor, ends a line,
// closes a quote, reverses the reading direction or looks like another letter.
//
//   printable ASCII but " and \    itself
//   any other byte                 \xHH (lower-case hex), so " is \x22 and \ is \x5c
//   what lies beyond the limit     \...N more bytes
//
// A reader can undo it exactly: no input produces a backslash in another way.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace respgate::proxy {

inline constexpr std::size_t kLogTextBytes = 128;

// At most `max_bytes` of `bytes` are shown; each takes up to four characters.
std::string log_text(std::string_view bytes, std::size_t max_bytes = kLogTextBytes);

// A message for whoever runs a command, names of files and words of the command line in it: one line, pure ASCII.  Other
// bytes are shown as log_text() does; " and \ stay, so that what came from there is not changed again.
std::string one_line(std::string_view message);

// What log_text() was given, as far as it shows it.
struct LoggedBytes {
  std::string bytes;
  bool is_cut = false;  // more followed
};
// Nothing: no log_text() ever wrote this.
std::optional<LoggedBytes> read_log_text(std::string_view text);

}  // namespace respgate::proxy
