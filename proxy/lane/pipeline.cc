#include "proxy/lane/pipeline.h"

#include <cassert>
#include <cstring>
#include <utility>

#include "protocol/out_of_band.h"
#include "proxy/common/string_memory.h"

namespace respgate::proxy {
namespace {

constexpr std::size_t kSentBytes = 256 * 1024;  // that are kept of an unfinished request
constexpr std::size_t kCopiedBytes = 512;       // larger ones are gathered where they are

// What a server says that will not ECHO, by ACL or by rename-command; any other error is somebody else's reply.
bool refuses_echo(const protocol::ReplyFrame& frame) {
  return protocol::error_code(frame) == "NOPERM" || protocol::line_of(frame).starts_with("ERR unknown command");
}

// While it runs somebody's script, loads its data or has lost its primary, a server refuses ECHO as it refuses the rest.
bool refuses_everything(const protocol::ReplyFrame& frame) {
  const std::string_view code = protocol::error_code(frame);
  return code == "BUSY" || code == "LOADING" || code == "MASTERDOWN";
}

// Of a request whose client is always faster than the node there would be all of it in the end.
void let_go_of_sent(Request& request) {
  if (request.sent < kSentBytes || request.sent < request.wire.size() / 2) return;
  request.wire.erase(0, request.sent);
  request.sent = 0;
}

}  // namespace

void Pipeline::push(RequestPtr&& request) {
  assert(request->sent == 0 && !request->wire.empty());
  if (request->reading == Request::Reading::kHello) scanner_.set_version(protocol::RespVersion::kResp3);  // which can read both
  queue_.emplace_back() = std::move(request);
}

std::size_t Pipeline::gather(std::span<::iovec> into, std::span<char> room) const {
  std::size_t used = 0;
  bool ends_in_copies = false;  // the last entry does
  for (std::size_t i = unsent_from_; i < queue_.size(); ++i) {
    Request& request = *queue_[i];
    char* const bytes = request.wire.data() + request.sent;
    const std::size_t size = unsent_bytes(request);
    if (size == 0) break;  // of the unfinished one all is sent that is here
    const bool is_copied = size <= kCopiedBytes && size <= room.size();
    const bool joins = is_copied && ends_in_copies;
    if (!joins && used == into.size()) break;
    if (is_copied) std::memcpy(room.data(), bytes, size);
    if (joins) {
      into[used - 1].iov_len += size;
    } else {
      into[used++] = {is_copied ? room.data() : bytes, size};
    }
    if (is_copied) room = room.subspan(size);
    ends_in_copies = is_copied;
  }
  return used;
}

void Pipeline::sent(std::size_t bytes) {
  while (bytes > 0) {
    assert(unsent_from_ < queue_.size());
    Request& request = *queue_[unsent_from_];
    const std::size_t left = unsent_bytes(request);
    if (bytes < left) {
      request.sent += bytes;
      if (request.unfinished) let_go_of_sent(request);
      return;
    }
    if (request.unfinished) {
      assert(bytes == left);
      request.wire.clear();
      request.sent = 0;
      return;
    }
    request.sent = request.wire.size();
    bytes -= left;
    ++unsent_from_;
  }
}

Pipeline::Fault Pipeline::receive(std::string_view fresh, Sink& sink) {
  std::string_view rest = in_.join(fresh);
  while (!rest.empty()) {
    const auto status = scanner_.scan(rest);
    if (status == protocol::ReplyScanner::Status::kNeedMore) break;
    if (status == protocol::ReplyScanner::Status::kError) return fail(Fault::kMalformed, scanner_.error());
    const protocol::ReplyFrame frame = scanner_.frame();
    if (const Fault fault = take(frame, sink); fault != Fault::kNone) return fault;
    rest.remove_prefix(frame.wire.size());
    scanner_.restart();
  }
  // Nothing may be said, not even in part, while nothing is asked; a push may.
  if (!rest.empty() && !may_be_answered() && !rest.starts_with('>') && !(may_hear_messages() && rest.starts_with('*')))
    return fail(Fault::kUnsolicited, "bytes that no request asked for");
  if (const Fault fault = pass_on(rest, sink); fault != Fault::kNone) return fault;
  in_.keep(rest);
  return Fault::kNone;
}

// What is known to belong to a reply that is not whole leaves, when it is too much to be kept.
Pipeline::Fault Pipeline::pass_on(std::string_view& rest, Sink& sink) {
  if (rest.empty() || (rest.size() < kKeptReply && (queue_.empty() || !queue_.front()->begun)) || !may_be_passed_on()) return Fault::kNone;
  Request& request = *queue_.front();
  const protocol::ReplyFrame& frame = scanner_.frame();
  if (!request.expectation.admits(frame.type, frame.length))
    return fail(Fault::kWrongShape, "a reply of a kind that its command cannot give");
  const std::string_view part = rest.substr(0, scanner_.scanned());
  if (part.empty()) return Fault::kNone;
  rest.remove_prefix(part.size());
  scanner_.consumed(part.size());
  request.begun = true;  // first: what is called may end the lane
  sink.on_part(request, part);
  return Fault::kNone;
}

// What somebody has to see whole is not, nor what may turn out to be for somebody else.
bool Pipeline::may_be_passed_on() const {
  if (!scanner_.head_known() || !may_be_answered()) return false;
  const protocol::ReplyFrame& frame = scanner_.frame();
  const bool may_be_message = version_ == protocol::RespVersion::kResp2 && frame.type == protocol::RespType::kArray && may_hear_messages();
  const Request& request = *queue_.front();
  return request.guard == Request::Guard::kNone && request.reading == Request::Reading::kPlain && request.confirmations == 0 &&
         !frame.is_push() && !frame.is_error() && !may_be_message;
}

bool Pipeline::holds_up_others() const {
  for (std::size_t i = 1; i < queue_.size(); ++i) {
    const Request& request = *queue_[i];
    const bool is_own = request.guard == Request::Guard::kProbe || request.guard == Request::Guard::kLogin;
    if (!is_own && request.ticket.session != queue_.front()->ticket.session) return true;
  }
  return false;
}

Pipeline::Fault Pipeline::take(const protocol::ReplyFrame& frame, Sink& sink) {
  if (!queue_.empty() && queue_.front()->begun) return sink.on_reply(pop(), frame), Fault::kNone;  // judged at its first part
  if (is_out_of_band(frame)) return take_out_of_band(frame, sink);
  if (!may_be_answered()) return fail(Fault::kUnsolicited, "a reply that no request asked for");
  const Request& request = *queue_.front();
  if (request.confirmations > 0 && !frame.is_error()) return fail(Fault::kWrongShape, "something else than a confirmation");
  if (request.guard == Request::Guard::kProbe || holds_reply_) {
    if (!is_excused(frame)) {
      if (const Fault fault = check_nonce(frame); fault != Fault::kNone) return fault;
    }
    return take_guarded(frame, sink);
  }
  if (!request.expectation.admits(frame.type, frame.length))
    return fail(Fault::kWrongShape, "a reply of a kind that its command cannot give");
  if (request.guard == Request::Guard::kGuarded) return take_guarded(frame, sink);
  if (request.reading == Request::Reading::kHello && !frame.is_error())
    version_ = frame.type == protocol::RespType::kMap ? protocol::RespVersion::kResp3 : protocol::RespVersion::kResp2;
  sink.on_reply(pop(), frame);
  return Fault::kNone;
}

// Of a guarded request the command may be sent, and answered, while the kernel has not yet taken its ECHO.
bool Pipeline::may_be_answered() const {
  if (unsent_from_ > 0) return true;
  if (queue_.empty() || queue_.front()->guard != Request::Guard::kGuarded || holds_reply_) return false;
  return queue_.front()->sent >= queue_.front()->command_bytes;
}

// RESP2 has no pushes: an array is one when it confirms what was asked, or begins as messages do while there are
// subscriptions, which in RESP2 allow no command that could answer so.
bool Pipeline::is_out_of_band(const protocol::ReplyFrame& frame) const {
  if (frame.is_push()) return true;
  if (version_ != protocol::RespVersion::kResp2 || frame.type != protocol::RespType::kArray) return false;
  return awaits_confirmation() || (may_hear_messages() && protocol::is_message(protocol::kind_of(frame)));
}

Pipeline::Fault Pipeline::take_out_of_band(const protocol::ReplyFrame& frame, Sink& sink) {
  const std::string_view kind = protocol::kind_of(frame);
  if (awaits_confirmation() && kind == queue_.front()->confirmation) return take_confirmation(frame, sink);
  if (!frame.is_push() && !protocol::is_message(kind)) return fail(Fault::kWrongShape, "something else than a confirmation");
  sink.on_push(frame);
  return Fault::kNone;
}

Pipeline::Fault Pipeline::take_confirmation(const protocol::ReplyFrame& frame, Sink& sink) {
  const std::optional<std::int64_t> left = protocol::subscriptions_left(frame);
  if (!left) return fail(Fault::kWrongShape, "a confirmation without its count");
  Request& request = *queue_.front();
  const bool of_shards = request.confirmation.starts_with("ss") || request.confirmation.starts_with("sun");
  (of_shards ? shards_ : subscriptions_) = *left;
  if (--request.confirmations > 0) {
    sink.on_confirmation(request, frame);
  } else {
    sink.on_reply(pop(), frame);
  }
  return Fault::kNone;
}

// First the reply, which is held; then its echo, which lets it go.
Pipeline::Fault Pipeline::take_guarded(const protocol::ReplyFrame& frame, Sink& sink) {
  if (queue_.front()->guard == Request::Guard::kProbe) {
    pop();
    return Fault::kNone;
  }
  if (!holds_reply_) {
    held_.assign(frame.wire);
    held_frame_ = frame;
    held_frame_.wire = held_;
    holds_reply_ = true;
    return Fault::kNone;
  }
  holds_reply_ = false;
  sink.on_reply(pop(), held_frame_);
  if (held_.capacity() > RequestPool::kKeptBytes) give_back_memory(held_);
  return Fault::kNone;
}

// Such a refusal proves nothing, but cutting a lane for it would turn a server that is busy into one that is gone.  A
// probe is made up for by the next; of guarded replies only the like refusal is let go, which says nothing of anybody.
bool Pipeline::is_excused(const protocol::ReplyFrame& frame) const {
  return refuses_everything(frame) && (!holds_reply_ || protocol::error_code(held_frame_) == protocol::error_code(frame));
}

Pipeline::Fault Pipeline::check_nonce(const protocol::ReplyFrame& frame) {
  if (refuses_echo(frame)) return fail(Fault::kNoEcho, "a sentinel was refused: grant the proxy's user +echo, or set upstream.sentinel");
  const Nonce& nonce = queue_.front()->nonce;
  constexpr std::string_view kHeader = "$16\r\n";
  const std::string_view expected(nonce.data(), nonce.size());
  const std::string_view wire = frame.wire;
  const bool echoed = wire.size() == kHeader.size() + nonce.size() + 2 && wire.starts_with(kHeader) &&
                      wire.substr(kHeader.size(), nonce.size()) == expected;
  return echoed ? Fault::kNone : fail(Fault::kWrongNonce, "a sentinel was not echoed: replies and requests do not match any more");
}

RequestPtr Pipeline::pop() {
  RequestPtr request = std::move(queue_.front());
  queue_.pop_front();
  if (unsent_from_ > 0) --unsent_from_;
  return request;
}

Pipeline::Fault Pipeline::fail(Fault fault, std::string_view text) {
  fault_text_ = text;
  in_.clear();
  return fault;
}

}  // namespace respgate::proxy
