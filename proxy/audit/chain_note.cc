#include "proxy/audit/chain_note.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "proxy/audit/audit_file.h"

namespace respgate::proxy {
namespace {

using Kind = ChainNote::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 5> kReasons{{{Kind::kStarted, "started"},
                                                                     {Kind::kOpened, "opened"},
                                                                     {Kind::kContinued, "continued"},
                                                                     {Kind::kTorn, "torn"},
                                                                     {Kind::kBroken, "broken"}}};
constexpr std::string_view kFollows = "follows ";
constexpr std::string_view kBehindTorn = " behind a torn line of ";
constexpr std::string_view kBytesHash = " bytes with sha256 ";
// Two lines are much shorter.
constexpr std::size_t kTailBytes = 256 * 1024;

// No text of a line holds a quote: log_text() sees to that.
std::string_view member_of(std::string_view line, std::string_view name) {
  const std::string opening = ",\"" + std::string(name) + "\":\"";
  const std::size_t at = line.find(opening);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = line.substr(at + opening.size());
  return rest.substr(0, rest.find('"'));
}

// "41:0a1b…", or with what follows " behind a torn line of 57 bytes with sha256 0a1b…".
bool read_follows(std::string_view text, ChainNote& note) {
  if (!text.starts_with(kFollows)) return false;
  text.remove_prefix(kFollows.size());
  const std::size_t behind = text.find(kBehindTorn);
  const auto follows = read_chain_head(text.substr(0, behind));
  if (!follows || (behind != std::string_view::npos) != (note.kind == Kind::kTorn)) return false;
  note.follows = *follows;
  if (note.kind != Kind::kTorn) return true;
  text.remove_prefix(behind + kBehindTorn.size());
  const std::size_t digits = text.find(kBytesHash);
  if (digits == std::string_view::npos) return false;
  const std::string_view number = text.substr(0, digits);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), note.torn_bytes);
  const auto hash = read_chain_value(text.substr(digits + kBytesHash.size()));
  if (error != std::errc{} || end != number.data() + number.size() || !hash) return false;
  note.torn_hash = *hash;
  return true;
}

// The end of a file.
struct Tail {
  std::string before_last, last;  // whole lines, without their newlines; empty: there is none
  std::string torn;               // what is behind the last of them
  std::string problem;            // not empty: it cannot be read
  bool is_empty() const { return last.empty() && torn.empty() && problem.empty(); }
};

// Takes the last whole line off `text`, which ends with a newline or is empty.
std::string take_last_line(std::string& text) {
  if (text.empty()) return {};
  text.pop_back();
  const std::size_t begin = text.rfind('\n') + 1;  // npos + 1 is 0
  std::string line = text.substr(begin);
  text.resize(begin);
  return line;
}

std::string read_last_bytes(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return {};
  const off_t begin = std::max<off_t>(status.st_size - static_cast<off_t>(kTailBytes), 0);
  std::string text(static_cast<std::size_t>(status.st_size - begin), '\0');
  const ssize_t n = pread(descriptor, text.data(), text.size(), begin);
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

Tail read_tail(const std::string& path) {
  Tail tail;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) {
    if (errno != ENOENT) tail.problem = path + " cannot be read: " + std::generic_category().message(errno);
    return tail;
  }
  std::string text = read_last_bytes(descriptor);
  close(descriptor);
  const std::size_t whole = text.rfind('\n') + 1;
  tail.torn = text.substr(whole);
  text.resize(whole);
  tail.last = take_last_line(text);
  tail.before_last = take_last_line(text);
  return tail;
}

// Of the last line of a tail, which others may have written; nothing: it is not of this key's chain.
std::optional<ChainHead> verified_head(ChainSealer& sealer, const Tail& tail) {
  const auto last = read_sealed(tail.last);
  if (!last) return std::nullopt;
  const auto before = read_sealed(tail.before_last);
  const auto note = read_chain_note(tail.last);
  const bool is_right = (before && sealer.follows(*last, before->value)) || (note && sealer.follows(*last, note->follows.value));
  return is_right ? std::optional(ChainHead{last->position, last->value}) : std::nullopt;
}

std::string why_not(const Tail& tail, const std::string& path) {
  if (!tail.problem.empty()) return tail.problem;
  if (tail.last.empty()) return path + " holds no whole line";
  if (!read_sealed(tail.last)) return "the last line of " + path + " has no chain";
  return "the last line of " + path + " was changed, or sealed with another key";
}

ChainNote broken(std::string why) { return {Kind::kBroken, {}, 0, {}, std::move(why)}; }

}  // namespace

AuditEvent event_of(const ChainNote& note) {
  AuditEvent event;
  event.kind = AuditEvent::Kind::kAudit;
  event.verdict = note.kind == Kind::kTorn || note.kind == Kind::kBroken ? "failed" : "ok";
  event.reason = std::find_if(kReasons.begin(), kReasons.end(), [&](const auto& known) { return known.first == note.kind; })->second;
  event.detail = note.why;
  if (!note.begins_chain()) event.detail.append(kFollows).append(to_text(note.follows));
  if (note.kind == Kind::kTorn)
    event.detail.append(kBehindTorn).append(std::to_string(note.torn_bytes)).append(kBytesHash).append(to_hex(note.torn_hash));
  return event;
}

std::optional<ChainNote> read_chain_note(std::string_view line) {
  if (member_of(line, "kind") != "audit") return std::nullopt;
  const std::string_view reason = member_of(line, "reason");
  const auto known = std::find_if(kReasons.begin(), kReasons.end(), [&](const auto& one) { return one.second == reason; });
  if (known == kReasons.end()) return std::nullopt;
  ChainNote note;
  note.kind = known->first;
  const std::string_view detail = member_of(line, "detail");
  if (note.kind == Kind::kBroken) note.why = detail;
  if (!note.begins_chain() && !read_follows(detail, note)) return std::nullopt;
  return note;
}

ChainNote find_chain_start(ChainSealer& sealer, const std::string& path) {
  const Tail tail = read_tail(path);
  if (tail.is_empty()) {
    const std::string older = rotated_name(path, 1);
    const Tail before = read_tail(older);
    if (before.is_empty()) return {};
    const auto head = verified_head(sealer, before);
    return head ? ChainNote{Kind::kOpened, *head, 0, {}, {}} : broken(why_not(before, older));
  }
  const auto head = tail.problem.empty() ? verified_head(sealer, tail) : std::nullopt;
  if (!head) return broken(why_not(tail, path));
  if (tail.torn.empty()) return {Kind::kContinued, *head, 0, {}, {}};
  // Only its newline is missing, and will be there before the next line.
  const auto unended = read_sealed(tail.torn);
  if (unended && sealer.follows(*unended, head->value)) return {Kind::kContinued, {unended->position, unended->value}, 0, {}, {}};
  return {Kind::kTorn, *head, tail.torn.size(), sha256_of(tail.torn), {}};
}

}  // namespace respgate::proxy
