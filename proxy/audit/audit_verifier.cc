#include "proxy/audit/audit_verifier.h"

#include <charconv>
#include <utility>

namespace respgate::proxy {
namespace {

using Kind = ChainNote::Kind;

constexpr std::string_view kChanged = "was changed, or sealed with another key";

std::string seq_range(std::uint64_t first, std::uint64_t last) {
  return first == last ? "seq " + std::to_string(first) : "seq " + std::to_string(first) + " to " + std::to_string(last);
}

}  // namespace

std::optional<ClaimedHead> read_claimed_head(std::string_view text) {
  if (const auto head = read_chain_head(text)) return ClaimedHead{head->position, head->value};
  ClaimedHead claimed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), claimed.position);
  if (error != std::errc{} || end != text.data() + text.size() || claimed.position == 0) return std::nullopt;
  return claimed;
}

void AuditVerifier::begin_file(std::string name) {
  file_ = std::move(name);
  line_ = 0;
}

void AuditVerifier::report(const AuditFault& fault) {
  ++faults_;
  if (on_fault_) on_fault_(fault);
}

void AuditVerifier::take_line(std::string_view line, bool has_end) {
  ++line_;
  const auto sealed = read_sealed(line);
  if (sealed && has_end) {
    const bool is_right = judge(*sealed, read_chain_note(line));
    compare_with_claimed(*sealed);
    return remember(*sealed, is_right);
  }
  judge_stray(std::nullopt);
  if (has_end) {
    stray_ = Stray{file_, line_, line.size(), sha256_of(line)};
  } else {
    fault("the file ends within this line: it was cut, or a crash tore it");
  }
}

// Does it follow the line before?  Says what is wrong with it, if anything.
bool AuditVerifier::judge(const SealedLine& line, const std::optional<ChainNote>& note) {
  const bool is_right = before_ ? follows_before(line) : is_first_of_file_set(line, note);
  judge_stray(is_right ? note : std::nullopt);
  if (!is_right || (note && note->kind == Kind::kBroken)) fault(describe(line, note));
  return is_right;
}

bool AuditVerifier::follows_before(const SealedLine& line) {
  return sealer_.follows(line, before_->value) ||
         (!same_value(before_->value, before_->computed) && sealer_.follows(line, before_->computed));
}

// Does the oldest file begin as files begin?  What was before may be gone: the oldest are removed in time.
bool AuditVerifier::is_first_of_file_set(const SealedLine& line, const std::optional<ChainNote>& note) {
  const bool begins = note && (note->begins_chain() || note->kind == Kind::kOpened);
  return begins && line.position == note->follows.position + 1 && sealer_.follows(line, note->follows.value);
}

// `told`: by the line behind it, which is right.
void AuditVerifier::judge_stray(const std::optional<ChainNote>& told) {
  const std::optional<Stray> stray = std::exchange(stray_, std::nullopt);
  const bool is_told = told && told->kind == Kind::kTorn;
  if (stray && is_told && stray->bytes == told->torn_bytes && same_value(stray->hash, told->torn_hash)) {
    ++torn_lines_;
    return;
  }
  if (stray) report({stray->file, stray->line, "is of no chain: it was changed, torn, or written by something else"});
  if (is_told) fault("tells of a torn line of " + std::to_string(told->torn_bytes) + " bytes before it, which is not there as it was");
}

// REQUIRES: it does not follow the line before, or says itself that it does not.
std::string AuditVerifier::describe(const SealedLine& line, const std::optional<ChainNote>& note) {
  const bool is_sound = note && sealer_.follows(line, note->follows.value);
  if (is_sound && note->kind == Kind::kBroken) return "a new chain begins here: " + note->why;
  if (is_sound && note->kind == Kind::kStarted) return "a new chain begins here, which nothing ties to what is before it";
  if (!before_) {
    const bool should_begin = note && (note->begins_chain() || note->kind == Kind::kOpened);
    return should_begin ? std::string(kChanged) : "what was before it is cut off: a file begins with a line that says so";
  }
  if (note && note->begins_chain()) return "a chain begins here that is sealed with another key, or was changed";
  const std::uint64_t expected = before_->position + 1;
  if (line.position > expected) return "lines are missing before it: " + seq_range(expected, line.position - 1);
  if (line.position == expected) return std::string(kChanged);
  return "is not in its place: seq " + std::to_string(line.position) + " where " + std::to_string(expected) + " was expected";
}

void AuditVerifier::remember(const SealedLine& line, bool is_right) {
  const ChainValue computed = before_ && !is_right ? sealer_.value_of(before_->value, line.text) : line.value;
  before_ = Before{line.position, line.value, computed};
}

void AuditVerifier::compare_with_claimed(const SealedLine& line) {
  if (line.position == 1) has_seen_claimed_ = false;  // of another chain, then
  if (!claimed_ || line.position != claimed_->position) return;
  has_seen_claimed_ = true;
  if (claimed_->value && !same_value(*claimed_->value, line.value)) fault("is not the line that the head names: its chain value differs");
}

void AuditVerifier::finish() {
  judge_stray(std::nullopt);
  if (!claimed_ || has_seen_claimed_) return;
  const std::uint64_t last = head().position;
  line_ = 0;
  fault(last < claimed_->position ? "the end is cut off: " + seq_range(last + 1, claimed_->position) + " of the head"
                                  : "seq " + std::to_string(claimed_->position) + " of the head is in none of the files");
}

}  // namespace respgate::proxy
