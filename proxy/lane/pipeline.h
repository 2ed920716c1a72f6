// Pairs the replies of one upstream connection with its requests, first in first
// out.  A FIFO that is off by one hands one client's data to the next, so whatever
// does not fit ends it: a malformed reply, a reply nobody asked for, a reply of a
// kind the command cannot give.
//
// What looks right can still be another's: a reply too many, of a kind that fits.  Against that, requests can be
// guarded by an ECHO of a number only we know: kGuarded holds a reply back until its own echo has come behind it (no
// foreign byte is ever passed on), kProbe bounds how long a lane that is out of step can go unnoticed.
//
// A lane that one client has for itself may carry subscriptions: requests with several confirmations for a reply, and
// messages that nobody asked for.  RESP3 sends both as pushes; RESP2 as arrays, told apart by their first element.
//
// A reply too large to be kept is passed on in parts, as far as it has been understood: its kind is known by then, and
// nothing that has to be read whole (a guarded reply, a message, EXEC's that is edited) is.
//
// So is a request: its bytes may come as they are sent, the last of them later.  Nothing is behind it until they have.
//
// No socket, no clock: bytes in, bytes out.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/reply_scanner.h"
#include "proxy/common/input_buffer.h"
#include "proxy/common/request.h"
#include "proxy/common/ring.h"

namespace respgate::proxy {

class Pipeline {
 public:
  enum class Fault : std::uint8_t {
    kNone,
    kMalformed,    // not RESP
    kUnsolicited,  // a reply with nothing in flight, or before its request was sent whole
    kWrongShape,   // not what the command can answer
    kWrongNonce,   // a sentinel was not echoed: replies and requests no longer match
    kNoEcho,       // a sentinel was answered with an error: the node does not let us ECHO
  };

  // Receives what receive() finds.  May push and pop while it does.
  class Sink {
   public:
    virtual void on_reply(RequestPtr&& request, const protocol::ReplyFrame& frame) = 0;
    // A part of its reply that is not the last; the last comes as on_reply, with a frame whose wire is the rest.
    virtual void on_part(const Request& request, std::string_view bytes) = 0;
    // A confirmation that is not the request's last.
    virtual void on_confirmation(const Request& request, const protocol::ReplyFrame& frame) = 0;
    virtual void on_push(const protocol::ReplyFrame& frame) = 0;

   protected:
    ~Sink() = default;
  };

  explicit Pipeline(protocol::RespVersion version) : version_(version), scanner_(version) {}

  // Joins the end of the queue; its bytes leave with the next gather().
  void push(RequestPtr&& request);

  // Fills `into` with what is to be written next; returns how many entries it used.  Small requests in a row are copied
  // to `room` and become one entry: to the kernel an entry costs more than the bytes of a GET.
  std::size_t gather(std::span<::iovec> into, std::span<char> room = {}) const;
  bool has_unsent() const { return unsent_from_ < queue_.size() && unsent_bytes(*queue_[unsent_from_]) > 0; }
  // More of the youngest request, which is unfinished.  REQUIRES: the last bytes of it are some.
  void feed(std::string_view bytes, bool is_last) { proxy::feed(*queue_.back(), bytes, is_last); }
  // The youngest request; REQUIRES: size() > 0.
  const Request& back() const { return *queue_.back(); }
  // The kernel took the first `bytes` of what gather() gave.
  void sent(std::size_t bytes);

  // Of a reply that is not whole, more than this is passed on.
  static constexpr std::size_t kKeptReply = 64 * 1024;

  // Takes what the server said next.  After a fault the pipeline is only good for fail_all().
  // `fresh` is not needed after the call.
  Fault receive(std::string_view fresh, Sink& sink);

  // Takes the oldest request away; REQUIRES: size() > 0.  For failing them one by one.
  RequestPtr pop();

  // Requests without their reply, sent or not.
  std::size_t size() const { return queue_.size(); }
  bool empty() const { return queue_.empty(); }
  // The oldest request; REQUIRES: size() > 0.
  const Request& front() const { return *queue_.front(); }
  // Does another session than that of the oldest request wait for a reply?
  bool holds_up_others() const;
  // Memory of replies that are not whole, or held back for their echo.
  std::size_t buffered_bytes() const { return in_.capacity() + held_.capacity(); }
  // In words for a log, when receive() gave a fault.
  std::string_view fault_text() const { return fault_text_; }

 private:
  Fault take(const protocol::ReplyFrame& frame, Sink& sink);
  Fault pass_on(std::string_view& rest, Sink& sink);
  bool may_be_passed_on() const;
  Fault take_out_of_band(const protocol::ReplyFrame& frame, Sink& sink);
  Fault take_confirmation(const protocol::ReplyFrame& frame, Sink& sink);
  // Has the server been asked anything that it has not answered?
  bool may_be_answered() const;
  bool is_out_of_band(const protocol::ReplyFrame& frame) const;
  bool may_hear_messages() const { return version_ == protocol::RespVersion::kResp2 && subscriptions_ + shards_ > 0; }
  bool awaits_confirmation() const { return unsent_from_ > 0 && queue_.front()->confirmations > 0; }
  Fault take_guarded(const protocol::ReplyFrame& frame, Sink& sink);
  bool is_excused(const protocol::ReplyFrame& frame) const;
  Fault check_nonce(const protocol::ReplyFrame& frame);
  Fault fail(Fault fault, std::string_view text);

  Ring<RequestPtr> queue_;
  protocol::RespVersion version_;  // that the server speaks; a HELLO of the lane's client may change it
  std::size_t unsent_from_ = 0;    // queue_[unsent_from_] is the first that is not wholly sent
  protocol::ReplyScanner scanner_;
  InputBuffer in_;
  std::string held_;  // the reply of a guarded request, until its echo comes
  protocol::ReplyFrame held_frame_;
  bool holds_reply_ = false;
  std::int64_t subscriptions_ = 0;  // as last confirmed: channels and patterns
  std::int64_t shards_ = 0;         // and shard channels
  std::string_view fault_text_;
};

}  // namespace respgate::proxy
