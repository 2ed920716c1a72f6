#include "protocol/command_parser.h"

#include <algorithm>
#include <cassert>

#include "protocol/reply_writer.h"

namespace respgate::protocol {
namespace {

// What redis-server 7.0 itself accepts; larger numbers are invalid to it whoever asks.
constexpr std::uint64_t kServerMaxCount = 2147483647;
constexpr std::uint64_t kServerMaxBulkBytes = 512u << 20;

constexpr std::size_t kLeastBulk = 6;  // "$0", and twice its end

// Storage beyond these is given back when the command that needed it is done.
constexpr std::size_t kStoredArguments = 256;
constexpr std::size_t kStoredBytes = 8 * 1024;

ParseError judge_count(std::uint64_t count, const Limits& limits, bool before_auth) {
  if (count <= limits.arguments) return ParseError::kNone;
  return before_auth && count <= kServerMaxCount ? ParseError::kUnauthenticatedMultibulkLength : ParseError::kInvalidMultibulkLength;
}

ParseError judge_bulk(std::uint64_t size, const Limits& limits, bool before_auth) {
  if (size <= limits.bulk_bytes) return ParseError::kNone;
  return before_auth && size <= kServerMaxBulkBytes ? ParseError::kUnauthenticatedBulkLength : ParseError::kInvalidBulkLength;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(), [](char a, char b) { return lower(a) == b; });
}

// Of HTTP, or a PROXY header that nobody asked for.  Compared up to a NUL, as the server compares it.
bool belongs_to_another_protocol(std::string_view name) {
  if (name.size() < 4 || (lower(name[0]) != 'p' && lower(name[0]) != 'h')) return false;
  const std::string_view word = name.substr(0, name.find('\0'));
  return equals_ignoring_case(word, "post") || equals_ignoring_case(word, "host:") || equals_ignoring_case(word, "proxy");
}

// "HTTP/1.1", "HTTP/2"
bool is_http_version(std::string_view word) {
  constexpr std::string_view kPrefix = "http/";
  return word.size() > kPrefix.size() && equals_ignoring_case(word.substr(0, kPrefix.size()), kPrefix) &&
         word.find_first_not_of("0123456789.", kPrefix.size()) == std::string_view::npos;
}

// The stores reach memory that may be freed next, so the compiler would drop plain ones.
void wipe(std::string& text) {
  volatile char* bytes = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) bytes[i] = 0;
  text.clear();
}

}  // namespace

CommandParser::CommandParser(const Limits& limits, bool before_auth)
    : limits_(limits), next_limits_(limits), before_auth_(before_auth), next_before_auth_(before_auth) {}

void CommandParser::set_limits(const Limits& limits, bool before_auth) {
  next_limits_ = limits;
  next_before_auth_ = before_auth;
}

CommandParser::Status CommandParser::parse(std::string_view input) {
  missing_ = 0;
  if (drain_requested_ && !draining_) start_draining(input);
  if (state_ == State::kBetween && take_whole(input)) return Status::kComplete;
  for (;;) {
    Step step;
    switch (state_) {
      case State::kBetween: step = begin(input); break;
      case State::kCount: step = read_count(input); break;
      case State::kInline: step = read_inline(input); break;
      case State::kArguments: step = read_arguments(input); break;
      case State::kComplete: return give_command(input);
      case State::kFailed: return Status::kError;
    }
    if (step) return *step;
  }
}

// Most commands: all of it is here, and nothing is wrong with it.  False: nothing has changed, and the steps below, which
// know every other case, say what it is.  (What is left in extents_ then is nobody's: begin() empties it.)
bool CommandParser::take_whole(std::string_view input) {
  const ShortNumber count = read_short_number(input, start_, '*');
  if (count.size == 0 || count.value == 0 || count.value > next_limits_.arguments) return false;
  if (count.value > input.size() / kLeastBulk) return false;  // nothing is allocated on a promise
  views_.resize(count.value);
  extents_.resize(count.value);
  std::size_t at = start_ + count.size, bytes = 0;
  Extent* extent = extents_.data();
  for (std::string_view& view : views_) {
    const ShortNumber bulk = read_short_number(input, at, '$');
    const std::size_t begin = at + bulk.size, end = begin + bulk.value;
    bytes += bulk.value;
    if (bulk.size == 0 || bulk.value > next_limits_.bulk_bytes || bytes > next_limits_.request_bytes) return false;
    if (input.size() < end + kCrlf.size()) return false;
    const char* const terminator = input.data() + end;
    if (terminator[0] != '\r' || terminator[1] != '\n') return false;
    *extent++ = {begin - start_, bulk.value};
    view = {input.data() + begin, bulk.value};
    at = end + kCrlf.size();
  }
  if (belongs_to_another_protocol(views_.front())) return false;
  limits_ = next_limits_;
  before_auth_ = next_before_auth_;
  count_ = read_ = count.value;
  bytes_ = bytes;
  understood_ = at;
  state_ = State::kComplete;
  command_ = {views_, count_, input.substr(start_, understood_ - start_), false, 0, 0};
  return true;
}

CommandParser::Step CommandParser::begin(std::string_view input) {
  if (understood_ == input.size()) return Status::kNeedMore;
  extents_.clear();
  limits_ = next_limits_;
  before_auth_ = next_before_auth_;
  state_ = input[understood_] == '*' ? State::kCount : State::kInline;
  return std::nullopt;
}

CommandParser::Step CommandParser::read_count(std::string_view input) {
  const HeaderNumber header = read_header_number(input.substr(start_ + 1));
  if (header.status == HeaderNumber::Status::kNeedMore) return Status::kNeedMore;
  if (header.status != HeaderNumber::Status::kRead)
    return fail_header(header.status, ParseError::kInvalidMultibulkLength, ParseError::kTooBigCount);
  understood_ = start_ + 1 + header.size;
  if (header.value <= 0) return skip();
  const auto count = static_cast<std::uint64_t>(header.value);
  if (const ParseError error = judge_count(count, limits_, before_auth_); error != ParseError::kNone) return fail(error);
  count_ = count;
  state_ = State::kArguments;
  return std::nullopt;
}

// What has been read is no command at all: an empty array, a blank line.
CommandParser::Step CommandParser::skip() {
  start_ = understood_;
  state_ = State::kBetween;
  return std::nullopt;
}

CommandParser::Step CommandParser::read_inline(std::string_view input) {
  const std::string_view bytes = input.substr(start_);
  const std::string_view window = bytes.substr(0, std::min(bytes.size(), limits_.inline_bytes) + 1);
  const std::size_t end = window.find('\n', line_scanned_);
  const std::string_view line = window.substr(0, end);
  if (line.find('\0', line_scanned_) != std::string_view::npos) return fail(ParseError::kNulByte);
  if (end == std::string_view::npos) {
    line_scanned_ = window.size();
    if (window.size() > limits_.inline_bytes) return fail(ParseError::kTooBigInline);
    return Status::kNeedMore;
  }
  line_scanned_ = 0;
  understood_ = start_ + end + 1;
  return read_words(line, input);
}

CommandParser::Step CommandParser::read_words(std::string_view line, std::string_view input) {
  in_kept_ = true;
  const WordsStatus split = split_words(line, limits_.arguments, kept_, extents_);
  if (split == WordsStatus::kUnbalancedQuotes) return fail(ParseError::kUnbalancedQuotes);
  if (split == WordsStatus::kTooMany) return fail(judge_count(limits_.arguments + 1, limits_, before_auth_));
  if (extents_.empty()) {
    in_kept_ = false;
    return skip();
  }
  for (const Extent& word : extents_)
    if (const ParseError error = judge_bulk(word.size, limits_, before_auth_); error != ParseError::kNone) return fail(error);
  if (kept_.size() > limits_.request_bytes) return fail(ParseError::kRequestTooBig);

  count_ = read_ = extents_.size();
  const auto word = [this](const Extent& extent) { return std::string_view(kept_).substr(extent.offset, extent.size); };
  if (belongs_to_another_protocol(word(extents_.front())) || is_http_version(word(extents_.back()))) return fail(ParseError::kHttp);
  return complete(input);
}

CommandParser::Step CommandParser::read_arguments(std::string_view input) {
  while (read_ < count_) {
    if (!bulk_open_)
      if (const Step step = open_bulk(input)) return step;
    if (const Step step = draining_ ? drain_bulk(input) : take_bulk(input)) return step;
  }
  return complete(input);
}

CommandParser::Step CommandParser::open_bulk(std::string_view input) {
  const std::string_view bytes = input.substr(understood_);
  if (bytes.empty()) return need_more(input);
  if (bytes[0] != '$') {
    unexpected_ = bytes[0];
    return fail(bytes[0] == '\0' ? ParseError::kNulByte : ParseError::kExpectedBulk);
  }
  const HeaderNumber header = read_header_number(bytes.substr(1));
  if (header.status == HeaderNumber::Status::kNeedMore) return need_more(input);
  if (header.status != HeaderNumber::Status::kRead)
    return fail_header(header.status, ParseError::kInvalidBulkLength, ParseError::kTooBigBulkCount);
  if (header.value < 0) return fail(ParseError::kInvalidBulkLength);

  const auto size = static_cast<std::uint64_t>(header.value);
  if (const ParseError error = judge_bulk(size, limits_, before_auth_); error != ParseError::kNone) return fail(error);
  if (size > limits_.request_bytes - bytes_) return fail(ParseError::kRequestTooBig);
  bytes_ += size;
  bulk_left_ = size;
  bulk_open_ = true;
  understood_ += 1 + header.size;
  if (draining_ && !streaming_ && read_ < kPreviewArgs) extents_.push_back({kept_.size(), 0});
  return std::nullopt;
}

CommandParser::Step CommandParser::take_bulk(std::string_view input) {
  const std::string_view bytes = input.substr(understood_);
  if (bytes.size() < kCrlf.size() || bytes.size() - kCrlf.size() < bulk_left_) return need_more(input);
  if (read_ == 0 && belongs_to_another_protocol(bytes.substr(0, bulk_left_))) return fail(ParseError::kHttp);
  // A terminator that nobody checks is how two parsers come to disagree on where a command ends.
  if (bytes.substr(bulk_left_, kCrlf.size()) != kCrlf) return fail(ParseError::kMissingCrlf);
  extents_.push_back({understood_ - start_, bulk_left_});
  understood_ += bulk_left_ + kCrlf.size();
  bulk_open_ = false;
  ++read_;
  return std::nullopt;
}

CommandParser::Step CommandParser::drain_bulk(std::string_view input) {
  const std::string_view bytes = input.substr(understood_);
  const std::size_t here = std::min(bulk_left_, bytes.size());
  preview(bytes.substr(0, here));
  bulk_left_ -= here;
  understood_ += here;
  if (bytes.size() - here < kCrlf.size()) return need_more(input);
  if (bytes.substr(here, kCrlf.size()) != kCrlf) return fail(ParseError::kMissingCrlf);
  understood_ += kCrlf.size();
  bulk_open_ = false;
  ++read_;
  return std::nullopt;
}

// Adds to the beginning that is kept of the bulk in progress.
void CommandParser::preview(std::string_view bytes) {
  if (streaming_ || read_ >= kPreviewArgs) return;
  Extent& last = extents_.back();
  const std::string_view wanted = bytes.substr(0, kPreviewBytes - last.size);
  kept_ += wanted;
  last.size += wanted.size();
}

// From here on arguments are passed over as they come.  Of those that have come
// already, and of a bulk that is half here, the input is let go of as well.
void CommandParser::start_draining(std::string_view input) {
  const std::string_view command = input.substr(start_);
  extents_.resize(std::min(extents_.size(), kPreviewArgs));
  for (Extent& extent : extents_) {
    const std::string_view beginning = command.substr(extent.offset, std::min(extent.size, kPreviewBytes));
    extent = {kept_.size(), beginning.size()};
    kept_ += beginning;
  }
  if (bulk_open_ && read_ < kPreviewArgs) extents_.push_back({kept_.size(), 0});
  in_kept_ = draining_ = true;
}

CommandParser::Status CommandParser::need_more(std::string_view input) {
  const std::size_t here = input.size() - understood_;
  if (bulk_open_) missing_ = bulk_left_ + kCrlf.size() - here;
  if (draining_) start_ = understood_;
  if (!head_given_ && head_known(input)) return give_head(input);
  return is_large() ? give_large(input) : Status::kNeedMore;
}

bool CommandParser::is_large() const {
  const bool is_bounded = count_ <= kLargeArgs && understood_ - start_ <= kLargeHeadBytes;
  return bulk_open_ && bulk_left_ >= kLargeBytes && read_ >= 2 && is_bounded && !draining_ && !keeps_large_;
}

CommandParser::Status CommandParser::give_large(std::string_view input) {
  make_command(input, read_);
  views_.resize(count_);
  command_ = {views_, count_, input.substr(start_, understood_ - start_), false, read_, bulk_left_};
  return Status::kLarge;
}

void CommandParser::stream() {
  assert(is_large());
  drain_requested_ = draining_ = streaming_ = in_kept_ = true;
  extents_.clear();
  start_ = understood_;
}

bool CommandParser::head_known(std::string_view input) const {
  if (read_ >= 2) return true;
  if (!bulk_open_ || bulk_left_ <= kMaxHeadBytes) return false;
  return read_ == 1 || input.size() - understood_ >= kMaxHeadBytes;
}

// A name so long that it is not worth waiting for is given as far as a name can reach.
CommandParser::Status CommandParser::give_head(std::string_view input) {
  make_command(input, 2);
  if (read_ == 0) {
    views_.assign(1, input.substr(understood_, kMaxHeadBytes));
    if (belongs_to_another_protocol(views_.front())) return fail(ParseError::kHttp);
    command_.args = views_;
  }
  head_given_ = true;
  return Status::kName;
}

CommandParser::Status CommandParser::complete(std::string_view input) {
  state_ = State::kComplete;
  return give_command(input);
}

CommandParser::Status CommandParser::give_command(std::string_view input) {
  make_command(input, extents_.size());
  command_.drained = draining_;
  if (!in_kept_) command_.wire = input.substr(start_, understood_ - start_);
  return Status::kComplete;
}

// Views of the arguments found so far, of `at_most` of them.
void CommandParser::make_command(std::string_view input, std::size_t at_most) {
  const std::string_view source = in_kept_ ? std::string_view(kept_) : input.substr(start_);
  views_.clear();
  for (const Extent& extent : std::span(extents_).first(std::min(at_most, extents_.size())))
    views_.push_back(source.substr(extent.offset, extent.size));
  command_ = {views_, count_, {}, false, 0, 0};
}

void CommandParser::drain() {
  assert(head_given_);
  drain_requested_ = true;
}

std::size_t CommandParser::consumable() const {
  if (state_ == State::kFailed) return 0;
  return state_ == State::kComplete ? understood_ : start_;
}

void CommandParser::consumed(std::size_t bytes) {
  assert(bytes <= consumable());
  understood_ -= bytes;
  start_ -= std::min(start_, bytes);
}

void CommandParser::restart() {
  assert(state_ == State::kComplete);
  state_ = State::kBetween;
  start_ = understood_;
  count_ = read_ = bytes_ = 0;
  head_given_ = drain_requested_ = draining_ = in_kept_ = keeps_large_ = streaming_ = false;
  wipe(kept_);
  command_ = {};
  if (kept_.capacity() > kStoredBytes) kept_.shrink_to_fit();
  if (extents_.capacity() > kStoredArguments) {
    extents_.clear();
    extents_.shrink_to_fit();
    views_.clear();
    views_.shrink_to_fit();
  }
}

CommandParser::Status CommandParser::fail(ParseError error) {
  state_ = State::kFailed;
  error_ = error;
  return Status::kError;
}

CommandParser::Step CommandParser::fail_header(HeaderNumber::Status problem, ParseError not_a_number, ParseError too_long) {
  using enum HeaderNumber::Status;
  switch (problem) {
    case kTooLong: return fail(too_long);
    case kNul: return fail(ParseError::kNulByte);
    case kMissingCrlf: return fail(ParseError::kMissingCrlf);
    default: return fail(not_a_number);
  }
}

void append_command(std::string& out, Args args) {
  append_array(out, args.size());
  for (const std::string_view arg : args) append_bulk(out, arg);
}

}  // namespace respgate::protocol
