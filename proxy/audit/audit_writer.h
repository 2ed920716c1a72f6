// The audit log's own thread, without the thread: takes lines, ties each to the one
// before, appends them to the file, and rotates it.  One thread at a time.
//
//   audit.on_overflow: drop   what the file does not take is lost, and counted
//                     deny    it is kept, and tried again with the next write()
//
// What was lost is told by a line of its own, of kind "audit" and reason "dropped", as soon
// as the file takes lines again; so is how a chain begins (chain_note.h).  The log says it
// too, at most once a minute.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proxy/audit/audit_chain.h"
#include "proxy/audit/audit_file.h"
#include "proxy/audit/audit_json.h"
#include "proxy/audit/chain_note.h"
#include "proxy/config/config.h"

namespace respgate::proxy {

class AuditWriter {
 public:
  // kBehindAnother: the process whose place this one takes may still write the file; until it
  // has left it, lines are kept.
  enum class Start : bool { kAlone, kBehindAnother };
  // Opens config.file, whose end says how the chain goes on; without a file, lines go nowhere.
  // Throws as AuditFile.  `on_lost(n)` is called for lines that the file did not take.
  AuditWriter(const AuditConfig& config, const std::optional<AuditKey>& key, Start start, std::function<void(std::uint64_t)> on_lost);

  // on_overflow and rotate, from the next write() on.
  void adopt(const AuditConfig& config);
  // A line that ends with "}\n", for the next write().
  void add(std::string line) { pending_.push_back(std::move(line)); }
  // So many events never came here; the next write() tells of them.
  void note_dropped(std::uint64_t n) { untold_drops_ += n; }
  // False: lines are kept that the file does not take.
  bool write();
  // The file was moved away.  When it cannot be opened again, the old one stays.
  void reopen();
  // Nothing will be tried again: what is kept is lost.
  void give_up();
  // Leaves the file to the next process: whatever comes from now on is lost.
  void leave();

  // Is another process still in the file?
  bool is_waiting() const { return !file_name_.empty() && !file_ && !has_left_; }
  // Did the file take what it was last given?
  bool is_file_good() const { return is_file_good_; }
  bool is_chained() const { return sealer_.has_value(); }
  // The last line in the file.
  const ChainHead& head() const { return head_; }

 private:
  using Clock = std::chrono::steady_clock;
  // Lines as they go to the file, with the chain's head behind each.
  struct Chunk {
    std::string bytes;
    std::vector<ChainHead> heads;
    bool has_opening = false;
    std::uint64_t told_drops = 0;
    std::size_t events = 0;  // the first so many of pending_
  };
  // Not more often than once a minute.
  class Pause {
   public:
    bool is_over();

   private:
    std::optional<Clock::time_point> since_;
  };

  void open_file();
  bool open_once_free();
  Chunk next_chunk();
  void append(Chunk& chunk, std::string line);
  void settle(const Chunk& chunk, const AuditFile::Outcome& outcome);
  void complain(const AuditFile::Outcome& outcome);
  void rotate_when_due();
  void begin_anew_if_deleted();
  std::size_t room() const;
  void begin_file();
  void lose(std::size_t lines);

  const std::string file_name_;
  const std::function<void(std::uint64_t)> on_lost_;
  const KeyText no_keys_{AuditConfig::Keys::kNone};
  AuditConfig::Rotate rotate_;
  bool keeps_lost_ = false;
  std::optional<AuditFile> file_;
  std::optional<ChainSealer> sealer_;  // none: lines are not chained
  ChainHead head_;
  std::optional<ChainNote> opening_;  // to be written before all else
  std::deque<std::string> pending_;
  std::uint64_t untold_drops_ = 0;
  bool is_file_good_ = true;
  bool has_left_ = false;
  Pause since_complaint_;
  Pause since_failed_rotation_;
  Pause since_failed_reopening_;
};

}  // namespace respgate::proxy
