// A command in flight and the ticket that says who is waiting for it.
//
// A request is a baton: exactly one owner at a time (session → router → pipeline →
// router), and it owns the bytes that go upstream.  Its reply finds the client by
// ticket; when the client is gone, the reply is dropped.  Nothing is ever cancelled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_table.h"

namespace respgate::proxy {

// Place of a reply in its client's order; see ReplyQueue.
using Seq = std::uint64_t;

// Names a session of one worker.  `slot` is reused; `generation` is not.
struct SessionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  bool operator==(const SessionId&) const = default;
};

struct Ticket {
  SessionId session;
  Seq seq = 0;
};

// A number the server cannot know before it is told: what it echoes proves that replies and requests still match.
using Nonce = std::array<char, 16>;

class RequestPool;

struct Request {
  // How a request proves that the lane is in step; see Pipeline.
  enum class Guard : std::uint8_t {
    kNone,
    kProbe,    // is itself nothing but ECHO nonce
    kLogin,    // is the lane's own AUTH: its reply goes to nobody else
    kGuarded,  // its wire ends in ECHO nonce: its reply counts once the nonce came behind it
  };

  // What the session makes of the reply before the client sees it; see Gate::read_reply.
  enum class Reading : std::uint8_t {
    kPlain,         // nothing
    kExec,          // EXEC of a transaction that holds more than the server was asked
    kAborted,       // DISCARD in the place of an EXEC that may not be
    kInfo,          // INFO
    kInfoAndProxy,  // INFO with the section about the proxy
    kSelect,        // SELECT on a lane of one's own
    kHello,         // HELLO on a lane of one's own
    kTracking,      // CLIENT TRACKING
    kTrackingInfo,  // CLIENT TRACKINGINFO, CLIENT GETREDIR
  };
  // As long as it takes.
  static constexpr std::int64_t kForEver = -1;

  Ticket ticket;
  std::string wire;                        // canonical RESP, as it goes upstream
  std::size_t sent = 0;                    // bytes of wire the kernel has taken
  std::size_t accounted_bytes = 0;         // what the router has reported to the memory budget for it
  protocol::ReplyExpectation expectation;  // what the server may answer
  std::uint64_t started_ns = 0;            // 0: this one is not timed
  std::uint32_t listener = 0;              // whose histogram it counts in
  std::string_view confirmation;           // SUBSCRIBE and its kin: what confirms each name ("subscribe"); a literal
  std::uint32_t confirmations = 0;         // of them still to come; 0: one ordinary reply
  std::int64_t patience_ms = 0;            // how much longer than others it may wait for its reply; or kForEver
  bool blocking = false;                   // may wait for other clients
  bool ends_state = false;                 // EXEC, DISCARD, UNWATCH: refused, the lane keeps what it has
  std::uint64_t errand = 0;                // not 0: the worker's own, no client waits for it; the ticket says on whose behalf
  Reading reading = Reading::kPlain;
  Guard guard = Guard::kNone;
  bool unfinished = false;        // the end of its wire is not here yet; what was sent of it is not kept
  bool begun = false;             // a part of its reply has left that was not the last
  std::size_t command_bytes = 0;  // kGuarded: of wire, without the ECHO: once they are sent, the reply may come
  Nonce nonce{};
  RequestPool* pool = nullptr;  // to which it goes back
};

// More of the wire of a request that is unfinished.
void feed(Request& request, std::string_view bytes, bool is_last);
inline std::size_t unsent_bytes(const Request& request) { return request.wire.size() - request.sent; }

struct RequestDeleter {
  void operator()(Request* request) const;
};
// One word: it is handed on five times for each command.
using RequestPtr = std::unique_ptr<Request, RequestDeleter>;

// Keeps finished requests and their strings for the next ones: no allocation per
// command.  One per worker; outlives every request it gave out.
class RequestPool {
 public:
  // A request whose string grew past this gives its memory back.
  static constexpr std::size_t kKeptBytes = 16 * 1024;
  static constexpr std::size_t kKeptRequests = 4096;

  RequestPtr take();
  std::size_t idle() const { return free_.size(); }

 private:
  friend struct RequestDeleter;
  void give_back(std::unique_ptr<Request> request);
  std::vector<std::unique_ptr<Request>> free_;
};

// Is this the last part of a reply?  Replies come in one part unless they are large.
enum class Part : std::uint8_t {
  kMore,
  kLast,
  kBroken,  // there will be no more of a reply of which parts were delivered: nothing can be said in its middle
};

// How a session gets on with a reply that comes in parts.
enum class Appetite : std::uint8_t {
  kHungry,  // or gone: what comes is dropped
  kSated,   // has more to read than it should; it can wait, and so can the reply, if nobody is kept waiting
  kFull,    // has as much as it may have
};

// Where replies go: the worker, who knows the sessions.
class ReplySink {
 public:
  // `bytes` die when the call returns.  Ignored when the session is gone.
  virtual void deliver(const Request& request, std::string_view bytes, Part part) = 0;
  // Asked behind a part.  Not hungry: the session says so to whom the lane belongs once it is again, or when it goes.
  virtual Appetite appetite(SessionId session) = 0;
  // It has kept others waiting for too long.
  virtual void give_up(SessionId session) = 0;
  // What the server said unasked, to the one session that has the lane.
  virtual void push(SessionId session, std::string_view bytes) = 0;

 protected:
  ~ReplySink() = default;
};

}  // namespace respgate::proxy
