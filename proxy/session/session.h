// One client connection.  A session moves bytes and decides nothing: what a command
// means is Gate's business, where it goes is the router's, and the order in which
// replies leave is ReplyQueue's.
//
// Reads stop while the client owes it to us to read, or we owe it answers: past the
// window, past the output watermark, while a lane is full, while a command waits for
// the answers of those before it, while the answer to a failed login is kept back.
// TCP does the rest.
// Lives on its worker's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "protocol/command_parser.h"
#include "proxy/common/input_buffer.h"
#include "proxy/common/memory_budget.h"
#include "proxy/common/request.h"
#include "proxy/gate/close_reason.h"
#include "proxy/gate/gate.h"
#include "proxy/lane/lane_directory.h"
#include "proxy/lane/pinned_lanes.h"
#include "proxy/lane/standalone_router.h"
#include "proxy/metrics/metrics.h"
#include "proxy/session/client_inquiry.h"
#include "proxy/session/decision_log.h"
#include "proxy/session/reply_queue.h"
#include "proxy/session/session_services.h"
#include "proxy/session/turn_queue.h"
#include "proxy/snapshot/snapshot.h"
#include "tls/stream.h"

namespace respgate::proxy {

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `on_closed` is called once, from close().
  Session(tls::Stream stream, SessionId id, ClientState client, protocol::TargetFinder& finder, const ServerFacts& server,
          const SessionServices& services, ListenerCounters& counters, std::function<void(Session&, CloseReason)> on_closed);

  void start();
  // A reply, or a part of one.
  void deliver(const Request& request, std::string_view bytes, Part part);
  // Does it take more of a reply that comes in parts?  If not, it says so to its lane when it does, or is closed.
  Appetite appetite();
  // What became of a question to all workers.
  void take_answer(Seq seq, std::string_view bytes);
  // What the server said unasked on the session's own lane.  REQUIRES: expects_pushes().
  void push(std::string_view bytes);
  bool expects_pushes() const { return gate_.has_lane_for_good(); }
  // Its own lane ended; what was in flight on it has been answered with an error.
  void on_lease_lost(std::uint64_t lane);
  // Its own lane leads to a node that is no primary any more, or is about to be ended by it.
  void on_lease_stale(std::uint64_t lane);
  // Its own lane, if it has one, is not one that would be dialled now: used no longer than needed.
  void abandon_lane();
  // Its user is another to the node from now on: closed when it has, or has asked for, state on its own lane.
  void leave_old_login();
  // Does the server take an AUTH on the session's lane, now?
  bool may_log_in(std::uint64_t lane) const;
  // The number at the node of the connection on which it is blocked; 0: it is not.  Otherwise its lane goes to no
  // other session before end_unblock().
  std::int64_t begin_unblock();
  void end_unblock();
  // The lane it waited for has room.
  void on_room();
  // End of the turn: go on with bytes that are already here, write what is to be written.
  void resume();
  void flush();

  // A new snapshot is in force.  Closes when rights in use were revoked.
  void adopt(acl::PolicyPtr policy, ListenerTerms terms);
  // Deadlines: login, idle, waiting for a lane.
  void sweep(std::int64_t now_ms);
  // Takes no new commands, closes when the client has everything owed; at the deadline without.
  void drain(std::int64_t deadline_ms);
  void close(CloseReason why);  // idempotent

  SessionId id() const { return id_; }
  const ClientState& client() const { return gate_.client(); }
  ClientType type() const { return gate_.is_subscriber() ? ClientType::kPubsub : ClientType::kNormal; }
  // Its line in CLIENT LIST.
  std::string info_line(std::int64_t now_ms) const;
  bool is_open() const { return stream_.is_open(); }
  // That it showed in the handshake; null: none.
  tls::CertificatePtr peer_certificate() const { return stream_.channel() != nullptr ? stream_.channel()->peer_certificate() : nullptr; }
  // Why a listener of that context would not let it in again with that; empty: it would, or there is none.
  std::string verify_again(const tls::ServerContext& context) { return stream_.verify_again(context); }
  std::size_t owed_replies() const { return replies_.size(); }
  std::size_t output_bytes() const { return out_.size() - out_sent_; }

 private:
  const ClientLimits& limits() const { return services_.snapshot->config.limits; }
  const UpstreamConfig& upstream() const { return services_.snapshot->config.upstream; }

  enum class Step : std::uint8_t { kContinue, kStop };
  // Unsent replies past which no further command is looked at.
  static constexpr std::size_t kOutputWatermark = 256 * 1024;
  static constexpr std::size_t kOutputWatermarkBeforeLogin = 1024;

  void wait_readable();
  void on_readable();
  void look();
  void understand(std::string_view fresh);
  Step handle_next(std::string_view& input);
  Step handle(const protocol::Command& command);
  void note(const Verdict& verdict);
  void drop_understood(std::string_view& input);
  Step act(const Verdict& verdict);
  void reply(Seq seq, std::string_view bytes);
  void answer(Seq seq, std::string_view bytes);
  void keep_back(Seq seq, const Verdict& verdict);
  void give_out_kept();
  void forward(const Verdict& verdict, Seq seq);
  void ask(Seq seq);
  RequestPtr make_request(const Verdict& verdict, Seq seq);
  void submit(RequestPtr&& request);
  bool lease_lane(std::int64_t database);
  void leave_lane();
  void leave_unused_lane();
  void drop_lane();
  void list_lane();
  void lose_lane();
  Standing standing() const;
  std::string_view settle(const Request& request, std::string_view bytes);
  void select(const Verdict& verdict, Seq seq);
  Step refuse_stream();
  Step handle_large(std::string_view& input);
  Step pass_through(std::string_view& input);
  bool may_stream() const;
  void abandon_request();
  void end_feeding();
  bool blocked();
  bool wait_for_lane();
  void end_input();
  void account();
  void give_back_what_idles();
  void schedule_flush();
  void schedule_resume();
  void after_output();
  bool is_over_limit() const;
  void let_lane_go_on();
  void cut_off();
  void linger();
  void discard_input();
  void adapt_limits();
  protocol::Limits limits_in_force() const;
  LaneKey lane_key(std::int64_t database) const;
  std::uint32_t identity() const { return client().policy->identity_of(client().principal); }

  // The answer to a failed login; nothing behind it is looked at before it is sent.
  struct KeptAnswer {
    Seq seq;
    std::string bytes;
    boost::asio::steady_timer timer;
  };

  tls::Stream stream_;
  const SessionId id_;
  const SessionServices& services_;
  ListenerCounters& counters_;
  std::function<void(Session&, CloseReason)> on_closed_;
  Gate gate_;
  protocol::CommandParser parser_;
  ReplyQueue replies_;
  InputBuffer in_;
  std::string out_;
  std::size_t out_sent_ = 0;
  MemoryShare memory_;

  std::unique_ptr<KeptAnswer> kept_;
  std::optional<Seq> feeding_;     // the request whose rest goes to the session's lane as it comes; nothing else is owed
  std::size_t announced_ = 0;      // bytes of its large argument, of which the node knows
  bool abandoning_ = false;        // it will not be whole, and is answered with nothing
  std::uint64_t lane_ = 0;         // the lane its unanswered requests are on
  std::size_t upstream_owed_ = 0;  // of them
  std::uint64_t lease_ = 0;        // its own lane, if it has one; then all its requests go there
  bool lease_is_stale_ = false;    // used no longer than needed, and by no other session
  bool is_listed_ = false;         // in the directory
  unsigned unblocks_ = 0;          // under way to the node: until they are answered no other session may have the lane
  std::optional<Seq> selecting_;   // SELECT in progress: nothing behind it is looked at
  std::int64_t selecting_database_ = 0;
  StandaloneRouter::Way way_;          // of the commands that are being looked at; none between turns
  std::int64_t waiting_since_ms_ = 0;  // for room in a lane; 0: not waiting
  bool lane_busy_ = false;             // waited longer than queue_timeout
  bool needs_answers_ = false;         // the next command waits for all answers
  bool limits_after_login_ = false;
  bool reading_ = false;        // a wait for bytes is in progress
  bool understanding_ = false;  // inside understand()
  bool write_blocked_ = false;
  bool is_cut_off_ = false;     // nothing more is sent than what is in `out_`
  bool holds_up_lane_ = false;  // the lane was told that a reply comes faster than it is read
  bool input_ended_ = false;    // the client sent its last byte
  bool closing_ = false;        // no more commands; close when everything is sent
  bool flush_scheduled_ = false;
  bool resume_scheduled_ = false;
  CloseReason closing_why_ = CloseReason::kAsked;
  bool lingering_ = false;  // everything is sent; waiting for the client to see it
  std::int64_t last_input_ms_ = 0;
  std::int64_t logged_out_since_ms_ = 0;
  std::int64_t linger_until_ms_ = 0;
  std::int64_t closing_stalled_since_ms_ = 0;
  std::int64_t drain_deadline_ms_ = 0;  // 0: is not drained
  std::uint32_t until_timed_ = 0;
};

}  // namespace respgate::proxy
