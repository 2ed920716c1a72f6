#include "proxy/audit/audit_writer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

namespace respgate::proxy {
namespace {

constexpr std::size_t kWriteBytes = 64 * 1024;
constexpr std::chrono::minutes kBetweenComplaints{1};

// What stays in the file of the line behind the first `written` ones.
std::string_view torn_of(std::string_view lines, std::size_t written, std::size_t bytes) {
  for (std::size_t i = 0; i < written; ++i) lines.remove_prefix(lines.find('\n') + 1);
  return lines.substr(0, bytes);
}

// The file ends it before the next line.  REQUIRES: `torn` is a part of `lines`, and not the end.
bool is_but_for_its_newline(std::string_view torn, std::string_view lines) {
  return !torn.empty() && lines[static_cast<std::size_t>(torn.data() - lines.data()) + torn.size()] == '\n';
}

}  // namespace

bool AuditWriter::Pause::is_over() {
  const Clock::time_point now = Clock::now();
  if (since_ && now - *since_ < kBetweenComplaints) return false;
  since_ = now;
  return true;
}

AuditWriter::AuditWriter(const AuditConfig& config, const std::optional<AuditKey>& key, Start start,
                         std::function<void(std::uint64_t)> on_lost)
    : file_name_(config.file), on_lost_(std::move(on_lost)) {
  adopt(config);
  if (file_name_.empty()) return;
  if (key) sealer_.emplace(*key);
  try {
    open_file();
  } catch (const std::system_error& error) {
    if (start == Start::kAlone || error.code() != std::errc::resource_unavailable_try_again) throw;
  }
}

void AuditWriter::open_file() {
  file_.emplace(file_name_);
  if (!sealer_) return;
  opening_ = file_->is_regular() ? find_chain_start(*sealer_, file_name_) : ChainNote{};
  head_ = opening_->follows;
  if (opening_->kind == ChainNote::Kind::kBroken)
    spdlog::error("audit chain broken file=\"{}\": a new chain begins, because {}", file_name_, opening_->why);
  if (opening_->kind == ChainNote::Kind::kTorn)
    spdlog::warn("audit file ends in the middle of a line file=\"{}\" bytes={}: the chain goes on behind it", file_name_,
                 opening_->torn_bytes);
}

void AuditWriter::adopt(const AuditConfig& config) {
  rotate_ = config.rotate;
  keeps_lost_ = config.on_overflow == AuditConfig::Overflow::kDeny;
}

bool AuditWriter::write() {
  if (file_name_.empty() || has_left_) {
    if (has_left_ && !pending_.empty()) lose(pending_.size());
    pending_.clear();
    untold_drops_ = 0;
    return true;
  }
  if (!file_ && !open_once_free()) return false;
  if (pending_.empty() && untold_drops_ == 0 && !opening_) return true;
  do {
    begin_anew_if_deleted();
    rotate_when_due();
    const Chunk chunk = next_chunk();
    // What nobody can read is as good as not written.
    const AuditFile::Outcome outcome =
        file_->is_deleted() ? AuditFile::Outcome{chunk.heads.size(), std::make_error_code(std::errc::no_such_file_or_directory), 0}
                            : file_->append(chunk.bytes);
    settle(chunk, outcome);
    if (outcome.lines_lost > 0) complain(outcome);
    if (outcome.lines_lost > 0 && keeps_lost_) return false;
  } while (!pending_.empty());
  return true;
}

// Whatever keeps it from being opened now may pass.
bool AuditWriter::open_once_free() {
  try {
    open_file();
    return true;
  } catch (const std::system_error& error) {
    if (since_complaint_.is_over()) spdlog::info("audit lines kept until another process has left the file error=\"{}\"", error.what());
    return false;
  }
}

// Never empty, and as large as there is room for in the file.
AuditWriter::Chunk AuditWriter::next_chunk() {
  Chunk chunk;
  const std::size_t most = std::min(kWriteBytes, room());
  const auto now = std::chrono::system_clock::now();
  if (opening_) {
    append(chunk, audit_line(event_of(*opening_), now, no_keys_));
    chunk.has_opening = true;
  }
  if (untold_drops_ > 0) {
    AuditEvent event;
    event.kind = AuditEvent::Kind::kAudit;
    event.verdict = "failed";
    event.reason = "dropped";
    event.detail = std::to_string(untold_drops_) + " events before this line are lost";
    append(chunk, audit_line(event, now, no_keys_));
    chunk.told_drops = untold_drops_;
  }
  while (chunk.events < pending_.size() && (chunk.events == 0 || chunk.bytes.size() + pending_[chunk.events].size() <= most))
    append(chunk, pending_[chunk.events++]);
  return chunk;
}

void AuditWriter::append(Chunk& chunk, std::string line) {
  ChainHead head = chunk.heads.empty() ? head_ : chunk.heads.back();
  if (sealer_) sealer_->seal(line, head);
  chunk.bytes += line;
  chunk.heads.push_back(head);
}

// Of the chunk's lines, the first are in the file; the rest is as if it had never been tied to them.
void AuditWriter::settle(const Chunk& chunk, const AuditFile::Outcome& outcome) {
  std::size_t written = chunk.heads.size() - outcome.lines_lost;
  std::string_view torn = torn_of(chunk.bytes, written, outcome.torn_bytes);
  if (is_but_for_its_newline(torn, chunk.bytes)) {
    ++written;
    torn = {};
  }
  const std::size_t own = chunk.heads.size() - chunk.events;
  is_file_good_ = outcome.lines_lost == 0;
  if (written > 0) {
    head_ = chunk.heads[written - 1];
    if (chunk.has_opening) opening_.reset();
  }
  if (written >= own) untold_drops_ -= chunk.told_drops;
  const std::size_t done = written > own ? written - own : 0;
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
  if (!keeps_lost_ && chunk.events > done) lose(chunk.events - done);
  if (torn.empty() || !sealer_ || opening_) return;
  opening_ = ChainNote{ChainNote::Kind::kTorn, head_, torn.size(), sha256_of(torn), {}};
}

// The first of pending_ will not be written.
void AuditWriter::lose(std::size_t lines) {
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(lines));
  untold_drops_ += lines;
  if (on_lost_) on_lost_(lines);
}

void AuditWriter::complain(const AuditFile::Outcome& outcome) {
  if (!since_complaint_.is_over()) return;
  spdlog::error("audit lines {} file=\"{}\" lines={} error=\"{}\"", keeps_lost_ ? "kept, clients are refused" : "lost", file_name_,
                outcome.lines_lost, outcome.error.message());
}

// Up to the size at which the file is rotated.
std::size_t AuditWriter::room() const {
  if (rotate_.size == 0 || !file_->is_regular()) return kWriteBytes;
  const std::uint64_t size = file_->size();
  return size < rotate_.size ? static_cast<std::size_t>(rotate_.size - size) : 0;
}

// What is owed to the file that is there is written into it first.
void AuditWriter::rotate_when_due() {
  if (opening_ || rotate_.size == 0 || !file_->is_regular()) return;
  const std::size_t wanted = pending_.empty() ? 0 : pending_.front().size();
  if (file_->size() == 0 || room() > wanted || !since_failed_rotation_.is_over()) return;
  if (const std::error_code error = file_->rotate(rotate_.keep)) {
    spdlog::error("audit file not rotated, the old one goes on file=\"{}\" error=\"{}\"", file_name_, error.message());
    return;
  }
  since_failed_rotation_ = {};
  begin_file();
}

// Lines that went to it before are gone with it: there is no telling how many.
void AuditWriter::begin_anew_if_deleted() {
  if (!file_->is_deleted()) return;
  try {
    if (file_->reopen()) begin_file();
    since_failed_reopening_ = {};
    spdlog::error("audit file was deleted, another is begun file=\"{}\"", file_name_);
  } catch (const std::system_error& error) {
    if (since_failed_reopening_.is_over()) spdlog::error("audit file was deleted, no other can be begun error=\"{}\"", error.what());
  }
}

void AuditWriter::begin_file() {
  if (!sealer_) return;
  using Kind = ChainNote::Kind;
  const bool is_new = file_->size() == 0;
  if (head_.position > 0) {
    opening_ = ChainNote{is_new ? Kind::kOpened : Kind::kContinued, head_, 0, {}, {}};
  } else {
    opening_ = is_new ? ChainNote{} : ChainNote{Kind::kBroken, {}, 0, {}, "the file that was opened again holds lines already"};
  }
}

void AuditWriter::reopen() {
  if (!file_) return;
  try {
    if (file_->reopen()) begin_file();
  } catch (const std::system_error& error) {
    spdlog::error("audit file not reopened, the old one stays error=\"{}\"", error.what());
  }
}

void AuditWriter::leave() {
  file_.reset();
  has_left_ = true;
}

void AuditWriter::give_up() {
  keeps_lost_ = false;
  if (!pending_.empty()) lose(pending_.size());
}

}  // namespace respgate::proxy
