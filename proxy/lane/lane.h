// One upstream connection, from dialling to its end.  It dials (resolving the name
// afresh and trying every address), greets (HELLO with AUTH, SELECT; one at a time,
// each awaited), then carries requests and replies until something ends it.  A lane
// is never reused after its end: the router dials a new one.
//
//   dialling ─► greeting ─► ready ─► (retired: finishes what it has) ─► ended
//
// It logs in as one identity.  A login that cannot be made yet (no AWS credentials) or that was refused to an IAM token is
// waited for as long as dialling may take; one that is old is made anew, between two requests.
//
// A reply that comes in parts may come faster than its client reads.  Then the lane stops reading, and the server waits:
// at once when nobody else is kept waiting, otherwise only when the client holds as much as it may, and for lane_stall.
// Who waits behind several such clients waits so long for each of them.
//
// Requests given before it is ready wait in it.  At its end each request it holds is
// failed exactly once, and none is ever sent a second time.
// Lives on its worker's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "proxy/common/memory_budget.h"
#include "proxy/common/ring.h"
#include "proxy/config/config.h"
#include "proxy/lane/pipeline.h"
#include "proxy/lane/sentinel.h"
#include "proxy/lane/upstream_login.h"
#include "tls/stream.h"

namespace respgate::proxy {

// Which lanes can carry a command alike.
struct LaneKey {
  protocol::RespVersion resp = protocol::RespVersion::kResp2;
  std::int64_t database = 0;
  std::uint32_t index = 0;     // 0 … lanes_per_worker - 1; a session always uses the same
  std::uint32_t identity = 0;  // whom it is logged in as: an index of LaneSettings::logins
  bool operator==(const LaneKey&) const = default;
};

// Why a lane ended; decides what its requests are told and what the log says.
enum class LaneEnd : std::uint8_t {
  kUnreachable,         // name, connect or greeting failed
  kRefusedCredentials,  // the server does not accept the proxy's login
  kRefusedDatabase,     // SELECT failed: the server's words are in LaneReport::text
  kLost,                // the connection broke
  kDesync,              // the server said what it cannot have meant
  kTimeout,             // response_timeout
  kFinished,            // retired or idle, and nothing was lost
};

struct LaneReport {
  LaneEnd why = LaneEnd::kLost;
  std::string text;  // for the log; for kRefusedDatabase the server's error
};

// How lanes of one node log in and behave.
struct LaneSettings {
  Address address;
  std::vector<UpstreamLoginPtr> logins;  // by identity; never empty, none of them null
  Milliseconds connect_timeout{2000};
  Milliseconds response_timeout{0};
  Milliseconds dead_peer{10000};
  Milliseconds stall{250};  // how long one client may keep the others on a lane from their replies
  SentinelConfig sentinel;
  tls::ClientContextPtr tls;  // null: plain text
};
// Never changed: a lane keeps those it was dialled with, new ones are for the next.
using LaneSettingsPtr = std::shared_ptr<const LaneSettings>;

// What becomes of the lanes there are when there are other settings: they take them, or finish what they have with the old.
enum class ExistingLanes : std::uint8_t { kKeep, kReplace };

class Lane : public std::enable_shared_from_this<Lane> {
 public:
  // Hears what happens to a lane.  May submit to other lanes from inside a call, not to this one.
  class Owner {
   public:
    virtual void on_lane_ready(Lane& lane, std::string_view server_version) = 0;
    virtual void on_lane_reply(Lane& lane, RequestPtr&& request, const protocol::ReplyFrame& frame) = 0;
    // Of a reply that is too large to be kept; on_lane_reply brings the rest.  How does its client get on with it?
    virtual Appetite on_lane_part(Lane& lane, const Request& request, std::string_view bytes) = 0;
    // There is room again for more of the request that is unfinished.
    virtual void on_lane_fed(Lane& lane) = 0;
    // The client of the reply in progress has kept others waiting for too long.
    virtual void on_lane_stalled(Lane& lane, const Request& request) = 0;
    virtual void on_lane_confirmation(Lane& lane, const Request& request, const protocol::ReplyFrame& frame) = 0;
    virtual void on_lane_push(Lane& lane, const protocol::ReplyFrame& frame) = 0;
    // A token was refused; other credentials may help.  A lane that was ready is to be replaced: what it has it finishes.
    virtual void on_lane_login_refused(Lane& lane) = 0;
    // `may_have_run`: some of it was sent, so the server may have carried it out.
    virtual void on_request_failed(Lane& lane, RequestPtr&& request, const LaneReport& report, bool may_have_run) = 0;
    // Last call; every request has been handed back before.
    virtual void on_lane_ended(Lane& lane, const LaneReport& report) = 0;
    virtual std::int64_t now_ms() const = 0;

   protected:
    ~Owner() = default;
  };

  enum class State : std::uint8_t { kDialling, kGreeting, kReady, kRetired, kEnded };
  // A lane that one session has for itself needs no sentinel while it has it: nothing of another can reach it.
  enum class Use : std::uint8_t { kShared, kPinned };

  // `scratch` is where reads land; shared by everything on this thread.  `id` is never used twice.
  // What it buffers counts in `memory`.
  Lane(boost::asio::io_context& io, LaneSettingsPtr settings, LaneKey key, Use use, std::uint64_t id, std::span<char> scratch,
       RequestPool& pool, MemoryBudget& memory, Owner& owner);

  void start(std::int64_t now_ms);

  // REQUIRES: takes_requests().  A request without bytes asks only for the lane itself: it is answered +OK when
  // the lane is ready.
  void submit(RequestPtr&& request, std::int64_t now_ms);
  bool takes_requests() const { return state_ <= State::kReady; }

  // More of the last request submitted, which is unfinished.  Nothing is submitted before its end.
  void feed(std::string_view bytes, bool is_last, std::int64_t now_ms);
  // Is so much of it unsent that no more should come?  Then the owner is told when it is not any more.
  bool is_fed_up() const { return unsent_of_last() > kFed; }

  // Asks for an ECHO behind everything submitted so far: a lane that is out of step does not outlive it.
  void probe(std::int64_t now_ms);

  // Settings that lead to the same node as the same user: with other secrets, say.
  void adopt(LaneSettingsPtr settings, std::int64_t now_ms);
  // Is its login about to be too old?
  bool wants_login(std::int64_t now_ms) const { return login_due_ms_ != 0 && now_ms >= login_due_ms_ && state_ == State::kReady; }
  // Logs in again as soon as all that was submitted is answered; what is submitted meanwhile waits for the verdict: some
  // servers answer a failed AUTH behind other commands with nothing (redis #15640), and every reply behind it would be
  // another's.  REQUIRES: the server takes an AUTH there (no MULTI, no RESP2 subscriptions, nothing that blocks).
  void log_in_again(std::int64_t now_ms);

  // Is a reply in progress whose client does not keep up?  What is submitted would wait for it.
  bool is_held_up() const { return held_up_; }
  // And does nobody else wait for that client?  Since when is told, for choosing among such lanes.
  bool waits_for_one() const { return paused_ && waiting_.empty() && !pipeline_.holds_up_others(); }
  std::int64_t paused_at_ms() const { return paused_at_ms_; }
  // Whose reply it is.  REQUIRES: is_held_up().
  SessionId held_up_by() const { return pipeline_.front().ticket.session; }
  // The client has read enough of it, or is gone.
  void go_on(std::int64_t now_ms);

  // Writes what waits to be written, in one system call where the kernel allows.
  void flush(std::int64_t now_ms);

  // No new requests; ends when the last reply is in.
  void retire();
  // Deadlines: connect, response, dead peer; the sentinel of a lane that has gone quiet.
  void sweep(std::int64_t now_ms);
  void end(LaneEnd why, std::string text);

  State state() const { return state_; }
  const LaneKey& key() const { return key_; }
  std::uint64_t id() const { return id_; }
  // Requests not yet answered, sent or not.
  std::size_t load() const { return waiting_.size() + pipeline_.size(); }
  std::int64_t last_used_ms() const { return last_used_ms_; }
  // The number of this connection at the node (CLIENT ID); 0 until it is ready.
  std::int64_t server_side_id() const { return server_side_id_; }
  bool was_ready() const { return greeting_ == Greeting::kDone; }
  bool used_older_password() const { return attempt_ > 0; }

 private:
  class Replies;
  enum class Greeting : std::uint8_t { kHello, kSelect, kDone };
  // A login of a lane that is ready: kDue waits until nothing is unanswered, kSent for its answer.
  static constexpr std::size_t kFed = 256 * 1024;  // of an unfinished request, unsent
  enum class LaterLogin : std::uint8_t { kNone, kDue, kSent };

  static boost::asio::awaitable<void> dial(std::shared_ptr<Lane> self);
  boost::asio::awaitable<bool> dial_tcp(std::string& why);
  boost::asio::awaitable<bool> dial_unix(std::string& why);
  void begin();
  void shake_hands();
  const UpstreamLogin& newest_login() const { return *settings_->logins[key_.identity]; }
  void wait_for_login(std::string why);
  void greet();
  void send_greeting(std::string wire, protocol::ReplyExpectation expectation);
  void on_greeting_reply(const protocol::ReplyFrame& frame);
  void on_refusal(const protocol::ReplyFrame& frame, const std::string& text);
  void become_ready();
  void plan_login(std::int64_t now_ms);
  void send_due_login();
  void release_waiting();
  void on_login_reply(const protocol::ReplyFrame& frame);
  void wait_readable();
  void on_readable();
  void on_writable();
  void take_part(const Request& request, std::string_view bytes);
  std::size_t unsent_of_last() const;
  bool finish_if_empty();  // true when the lane has ended
  void push(RequestPtr&& request);
  void probe_if_due(std::int64_t now_ms);
  bool is_overdue(std::int64_t now_ms) const;
  bool peer_is_dead(std::int64_t now_ms);

  boost::asio::io_context& io_;
  LaneSettingsPtr settings_;
  const LaneKey key_;
  const Use use_;
  const std::uint64_t id_;
  std::span<char> scratch_;
  RequestPool& pool_;
  Owner& owner_;

  State state_ = State::kDialling;
  Greeting greeting_ = Greeting::kHello;
  UpstreamLoginPtr login_;                   // that it greets with, or has greeted with
  std::size_t attempt_ = 0;                  // which of its passwords
  bool was_refused_ = false;                 // a token was, once
  std::optional<std::string> awaits_login_;  // what is missing
  std::int64_t login_due_ms_ = 0;            // 0: not at all
  LaterLogin later_login_ = LaterLogin::kNone;
  std::int64_t login_deadline_ms_ = 0;  // kSent
  std::string server_version_;
  std::int64_t server_side_id_ = 0;
  std::optional<tls::Socket> dialling_;  // so that a deadline can end the dial
  std::optional<tls::Stream> stream_;
  Pipeline pipeline_;
  MemoryShare memory_;
  Ring<RequestPtr> waiting_;  // until ready, or logged in again
  Sentinel sentinel_;
  bool write_blocked_ = false;
  bool held_up_ = false;  // by the client of the reply in progress
  bool paused_ = false;   // and therefore not reading
  std::int64_t paused_at_ms_ = 0;
  std::int64_t paused_since_ms_ = 0;  // with others waiting
  std::int64_t dial_deadline_ms_ = 0;
  std::int64_t progress_ms_ = 0;  // last time a reply came, or the queue was empty
  std::int64_t last_used_ms_ = 0;
  std::int64_t unanswered_since_ms_ = 0;  // the peer's kernel does not acknowledge; 0: it does
};

}  // namespace respgate::proxy
