// The file that audit lines are appended to.  Knows what to do when it cannot: a
// line is in the file whole or not at all, and a later append may succeed again.
// One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace respgate::proxy {

class AuditFile {
 public:
  // Creates the file with mode 0640 if it is not there; "stdout" is the process's own.
  // Throws std::system_error naming the file: cannot be opened, or is a symbolic link
  // (whoever may replace a link decides where the audit goes).
  explicit AuditFile(std::string path);
  ~AuditFile();
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;

  struct Outcome {
    std::size_t lines_lost = 0;
    std::error_code error;  // of the first line lost
  };
  // Appends whole lines, each ending with a newline.  Blocks while a regular file is
  // written; a pipe or terminal that takes nothing for `kStall` loses lines instead,
  // and from then on at once, until it takes some again.
  Outcome append(std::string_view lines);

  // Opens the file by its name again; throws as the constructor does, and then
  // keeps on with the one it has.
  void reopen();

  static constexpr std::chrono::milliseconds kStall{1000};

 private:
  std::size_t write_some(std::string_view bytes, std::error_code& error);
  bool is_writable(std::error_code& error);
  void mend(std::size_t torn_bytes);
  void adopt(int descriptor);

  std::string path_;
  int descriptor_ = -1;
  bool is_own_regular_file_ = false;
  bool is_stalled_ = false;
  bool is_torn_ = false;  // the last line in the file has no end, and could not be taken back
};

}  // namespace respgate::proxy
