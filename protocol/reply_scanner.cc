#include "protocol/reply_scanner.h"

#include <algorithm>
#include <cassert>

#include "protocol/header_line.h"
#include "protocol/reply_text.h"

namespace respgate::protocol {
namespace {

constexpr std::string_view kResp2Types = "+-:$*";
// A verbatim string begins with three letters of format and a colon.
constexpr std::size_t kFormatBytes = 4;

std::string_view problem_with(const HeaderNumber& header, std::string_view bytes) {
  using enum HeaderNumber::Status;
  switch (header.status) {
    case kTooLong: return "length too long";
    case kMissingCrlf: return "length without its CRLF";
    default: return bytes.starts_with('?') ? "streamed type" : "length not a number";
  }
}

bool is_line(RespType type) {
  switch (type) {
    case RespType::kSimple:
    case RespType::kError:
    case RespType::kInteger:
    case RespType::kNull:
    case RespType::kDouble:
    case RespType::kBoolean:
    case RespType::kBigNumber: return true;
    default: return false;
  }
}

// Behind the type byte, up to CRLF.
std::string_view first_line(const ReplyFrame& frame) {
  const std::string_view reply = frame.wire.substr(frame.payload);
  return reply.substr(1, reply.find('\r') - 1);
}

}  // namespace

std::string_view line_of(const ReplyFrame& frame) { return is_line(frame.type) ? first_line(frame) : std::string_view{}; }

std::string_view error_code(const ReplyFrame& frame) {
  if (!frame.is_error()) return {};
  std::string_view text = first_line(frame);
  if (frame.type == RespType::kBlobError)
    text = frame.wire.substr(frame.payload + 1 + text.size() + kCrlf.size(), static_cast<std::size_t>(frame.length));
  return text.substr(0, text.find(' '));
}

ReplyScanner::ReplyScanner(RespVersion version, const ReplyLimits& limits) : version_(version), limits_(limits) {
  limits_.depth = std::min(limits_.depth, kMaxDepth);
}

ReplyScanner::Status ReplyScanner::scan(std::string_view input) {
  if (!error_.empty()) return Status::kError;
  missing_ = 0;
  if (!head_known_ && offset_ == 0 && take_whole_bulk(input)) return Status::kComplete;
  while (!done_)
    if (const Step step = bulk_open_ ? read_bulk(input) : read_value(input)) return *step;
  frame_.wire = input.substr(0, offset_);
  return Status::kComplete;
}

// Most replies: a bulk, all of it here, and nothing wrong with it.  False: nothing has changed, and the steps below, which
// know every other case, say what it is.
bool ReplyScanner::take_whole_bulk(std::string_view input) {
  const ShortNumber bulk = read_short_number(input, 0, '$');
  if (bulk.size == 0 || bulk.value > limits_.bulk_bytes) return false;
  const std::size_t end = bulk.size + bulk.value, whole = end + kCrlf.size();
  if (dropped_ + whole > limits_.reply_bytes || depth_ > 0 || attributed_) return false;
  if (input.size() < whole) return false;
  const char* const terminator = input.data() + end;
  if (terminator[0] != '\r' || terminator[1] != '\n') return false;
  offset_ = whole;
  head_known_ = done_ = true;
  frame_ = {RespType::kBulk, static_cast<std::int64_t>(bulk.value), input.substr(0, whole), 0};
  return true;
}

ReplyScanner::Step ReplyScanner::read_value(std::string_view input) {
  if (offset_ == input.size()) return Status::kNeedMore;
  const char first = input[offset_];
  const std::string_view bytes = input.substr(offset_ + 1);
  if (version_ == RespVersion::kResp2 && kResp2Types.find(first) == std::string_view::npos) return fail("type unknown to RESP2");
  const auto type = static_cast<RespType>(first);
  if (is_line(type)) return read_line(type, bytes);
  switch (type) {
    case RespType::kBulk:
    case RespType::kVerbatim:
    case RespType::kBlobError: return read_bulk_head(type, bytes);
    case RespType::kArray:
    case RespType::kMap:
    case RespType::kSet:
    case RespType::kPush: return read_aggregate(type, bytes);
    case RespType::kAttribute: return read_attribute(bytes);
    default: return fail("type unknown");
  }
}

ReplyScanner::Step ReplyScanner::read_line(RespType type, std::string_view bytes) {
  const std::string_view window = bytes.substr(0, limits_.line_bytes + kCrlf.size());
  const std::size_t lf = window.find('\n', line_scanned_);
  if (lf == std::string_view::npos) {
    line_scanned_ = window.size();
    if (window.size() == limits_.line_bytes + kCrlf.size()) return fail("line too long");
    return Status::kNeedMore;
  }
  line_scanned_ = 0;
  std::string_view line = window.substr(0, lf);
  if (line.empty() || line.find('\r') != line.size() - 1) return fail("line without its CRLF");
  line.remove_suffix(1);
  if (!is_line_text(type, line)) return fail("malformed line");
  value_began(type, 0);
  offset_ += 1 + lf + 1;
  return value_ended();
}

ReplyScanner::Step ReplyScanner::read_bulk_head(RespType type, std::string_view bytes) {
  const HeaderNumber header = read_header_number(bytes);
  if (header.status == HeaderNumber::Status::kNeedMore) return Status::kNeedMore;
  if (header.status != HeaderNumber::Status::kRead) return fail(problem_with(header, bytes));
  std::size_t head = header.size;
  if (type == RespType::kBulk && header.value == ReplyFrame::kNullLength) {
    value_began(type, header.value);
    offset_ += 1 + head;
    return value_ended();
  }
  if (header.value < 0) return fail("negative length");
  auto size = static_cast<std::uint64_t>(header.value);
  if (size > limits_.bulk_bytes) return fail("bulk too long");
  if (size > limits_.reply_bytes - std::min(limits_.reply_bytes, dropped_ + offset_)) return fail("reply too long");
  if (type == RespType::kVerbatim) {
    if (size < kFormatBytes) return fail("verbatim string without its format");
    if (bytes.size() - head < kFormatBytes) return Status::kNeedMore;
    if (bytes[head + kFormatBytes - 1] != ':') return fail("verbatim string without its format");
    head += kFormatBytes;
    size -= kFormatBytes;
  }
  value_began(type, header.value);
  offset_ += 1 + head;
  bulk_left_ = size;
  bulk_open_ = true;
  return std::nullopt;
}

ReplyScanner::Step ReplyScanner::read_bulk(std::string_view input) {
  const std::size_t here = input.size() - offset_;
  const std::size_t taken = std::min<std::uint64_t>(bulk_left_, here);
  offset_ += taken;
  bulk_left_ -= taken;
  if (here - taken < kCrlf.size()) {
    missing_ = bulk_left_ + kCrlf.size() - (here - taken);
    return Status::kNeedMore;
  }
  if (input.substr(offset_, kCrlf.size()) != kCrlf) return fail("bulk without its CRLF");
  offset_ += kCrlf.size();
  bulk_open_ = false;
  return value_ended();
}

ReplyScanner::Step ReplyScanner::read_aggregate(RespType type, std::string_view bytes) {
  if (type == RespType::kPush && depth_ > 0) return fail("push within a reply");
  const HeaderNumber header = read_header_number(bytes);
  if (header.status == HeaderNumber::Status::kNeedMore) return Status::kNeedMore;
  if (header.status != HeaderNumber::Status::kRead) return fail(problem_with(header, bytes));
  const bool is_null = type == RespType::kArray && header.value == ReplyFrame::kNullLength;
  if (header.value < 0 && !is_null) return fail("negative length");
  value_began(type, header.value);
  offset_ += 1 + header.size;
  if (header.value <= 0) return value_ended();
  return open(static_cast<std::uint64_t>(header.value), type == RespType::kMap ? 2 : 1, false);
}

// Belongs to the value behind it, and is none itself.
ReplyScanner::Step ReplyScanner::read_attribute(std::string_view bytes) {
  if (attributed_) return fail("attribute behind an attribute");
  const HeaderNumber header = read_header_number(bytes);
  if (header.status == HeaderNumber::Status::kNeedMore) return Status::kNeedMore;
  if (header.status != HeaderNumber::Status::kRead) return fail(problem_with(header, bytes));
  if (header.value < 0) return fail("negative length");
  offset_ += 1 + header.size;
  if (header.value > 0) return open(static_cast<std::uint64_t>(header.value), 2, true);
  attributed_ = true;
  return std::nullopt;
}

ReplyScanner::Step ReplyScanner::open(std::uint64_t length, std::uint64_t values_each, bool is_attribute) {
  if (length > (limits_.elements - elements_) / values_each) return fail("too many elements");
  if (depth_ == limits_.depth) return fail("nested too deeply");
  elements_ += length * values_each;
  open_[depth_++] = {length * values_each, is_attribute};
  return std::nullopt;
}

void ReplyScanner::value_began(RespType type, std::int64_t length) {
  attributed_ = false;
  if (depth_ > 0) return;
  frame_.type = type;
  frame_.length = length;
  frame_.payload = offset_;
  head_known_ = true;
}

// So may have the aggregates it was the last value of.
ReplyScanner::Step ReplyScanner::value_ended() {
  if (dropped_ + offset_ > limits_.reply_bytes) return fail("reply too long");
  while (depth_ > 0) {
    Open& innermost = open_[depth_ - 1];
    if (--innermost.left > 0) return std::nullopt;
    --depth_;
    attributed_ = innermost.is_attribute;
    if (attributed_) return std::nullopt;
  }
  done_ = true;
  return std::nullopt;
}

void ReplyScanner::consumed(std::size_t bytes) {
  assert(bytes <= offset_);
  offset_ -= bytes;
  dropped_ += bytes;
  frame_.payload -= std::min(frame_.payload, bytes);
}

void ReplyScanner::restart() {
  offset_ = dropped_ = line_scanned_ = missing_ = depth_ = 0;
  elements_ = bulk_left_ = 0;
  bulk_open_ = head_known_ = attributed_ = done_ = false;
  frame_ = {};
}

ReplyScanner::Status ReplyScanner::fail(std::string_view error) {
  error_ = error;
  return Status::kError;
}

}  // namespace respgate::protocol
