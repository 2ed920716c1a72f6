// Goes through the lines of an audit log, oldest first, and says where the chain does not
// hold: what was changed, removed, added or put elsewhere.  Pure, in bounded memory.
//
// A line that was cut off at the very end leaves no trace here; `claimed` is the head as
// it was told by somebody else (respgate_audit_chain_position, GET /audit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit/audit_chain.h"
#include "proxy/audit/chain_note.h"

namespace respgate::proxy {

struct AuditFault {
  std::string file;
  std::uint64_t line = 0;  // from 1; 0: the file as a whole
  std::string what;
};

struct ClaimedHead {
  std::uint64_t position = 0;
  std::optional<ChainValue> value;
};
// "41" or "41:0a1b…".
std::optional<ClaimedHead> read_claimed_head(std::string_view text);

class AuditVerifier {
 public:
  AuditVerifier(const AuditKey& key, std::optional<ClaimedHead> claimed, std::function<void(const AuditFault&)> on_fault)
      : sealer_(key), claimed_(claimed), on_fault_(std::move(on_fault)) {}

  void begin_file(std::string name);
  // `has_end`: a newline follows it in the file.
  void take_line(std::string_view line, bool has_end);
  // After the last line of the last file.
  void finish();

  std::uint64_t faults() const { return faults_; }
  std::uint64_t lines_of_file() const { return line_; }
  // Lines without an end whose place, size and hash the chain itself tells.
  std::uint64_t torn_lines() const { return torn_lines_; }
  // Of the last line.
  ChainHead head() const { return before_ ? ChainHead{before_->position, before_->value} : ChainHead{}; }

 private:
  struct Before {
    std::uint64_t position = 0;
    ChainValue value{};     // as it is written
    ChainValue computed{};  // as it should be, where the two differ
  };
  // A line that is of no chain, until the next says whether it was torn.
  struct Stray {
    std::string file;
    std::uint64_t line = 0;
    std::size_t bytes = 0;
    ChainValue hash{};
  };

  void fault(std::string what) { report({file_, line_, std::move(what)}); }
  void report(const AuditFault& fault);
  bool judge(const SealedLine& line, const std::optional<ChainNote>& note);
  void judge_stray(const std::optional<ChainNote>& told);
  bool is_first_of_file_set(const SealedLine& line, const std::optional<ChainNote>& note);
  bool follows_before(const SealedLine& line);
  std::string describe(const SealedLine& line, const std::optional<ChainNote>& note);
  void remember(const SealedLine& line, bool is_right);
  void compare_with_claimed(const SealedLine& line);

  ChainSealer sealer_;
  const std::optional<ClaimedHead> claimed_;
  const std::function<void(const AuditFault&)> on_fault_;
  std::string file_;
  std::uint64_t line_ = 0;
  std::optional<Before> before_;
  std::optional<Stray> stray_;
  std::uint64_t faults_ = 0;
  std::uint64_t torn_lines_ = 0;
  bool has_seen_claimed_ = false;
};

}  // namespace respgate::proxy
