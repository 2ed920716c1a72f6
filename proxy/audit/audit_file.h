// The file that audit lines are appended to.  Knows what to do when it cannot: a
// line is in the file whole or not at all, and a later append may succeed again.
// One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace respgate::proxy {

// "audit.jsonl.3": what the file was called before it was rotated so many times, or is called after it.
std::string rotated_name(const std::string& path, std::size_t number);

class AuditFile {
 public:
  // kOne: a regular file is locked (flock) for as long as it is held, so that no other process writes it meanwhile.
  enum class Writers : bool { kOne, kMany };
  // Creates the file with mode 0640 if it is not there; "stdout" is the process's own.
  // Throws std::system_error naming the file: cannot be opened, is a symbolic link (whoever
  // may replace a link decides where the audit goes), or is locked by another process
  // (std::errc::resource_unavailable_try_again).
  explicit AuditFile(std::string path, Writers writers = Writers::kOne);
  ~AuditFile();
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;

  struct Outcome {
    std::size_t lines_lost = 0;
    std::error_code error;       // of the first line lost
    std::size_t torn_bytes = 0;  // of that line, which are in the file all the same; a newline ends them before the next
  };
  // Appends whole lines, each ending with a newline.  Blocks while a regular file is
  // written; a pipe or terminal that takes nothing for `kStall` loses lines instead,
  // and from then on at once, until it takes some again.
  Outcome append(std::string_view lines);

  // Opens the file by its name again; throws as the constructor does, and then
  // keeps on with the one it has.  False: it is still the same file.
  bool reopen();

  // Has somebody deleted it?  What is written then goes where nobody can read it.
  bool is_deleted() const;

  // Only regular files grow, and are rotated.
  bool is_regular() const { return is_regular_; }
  std::uint64_t size() const;

  // The file is FILE.1 from now on, FILE.1 is FILE.2, as far as FILE.keep; lines go to a new, empty one of the same mode.
  // What was FILE.keep is gone.  On an error it goes on in the one it has, and no line is lost.
  // REQUIRES: is_regular(), keep > 0.
  [[nodiscard]] std::error_code rotate(std::size_t keep);

  static constexpr std::chrono::milliseconds kStall{1000};

 private:
  std::size_t write_some(std::string_view bytes, std::error_code& error);
  bool is_writable(std::error_code& error);
  std::size_t mend(std::size_t torn_bytes);
  void adopt(int descriptor);
  std::error_code move_aside(const std::string& next, std::size_t keep) const;

  std::string path_;
  const Writers writers_;
  int descriptor_ = -1;
  bool is_regular_ = false;
  bool is_stalled_ = false;
  bool is_torn_ = false;  // the last line in the file has no end, and could not be taken back
};

}  // namespace respgate::proxy
