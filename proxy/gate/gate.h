// Decides what happens to a client's next command: answered here, sent upstream,
// or refused, and why.  One per session; the same gate serves the data path and
// `respgate explain`.
//
// Pure: no socket, no clock, no log.  In this order, each step ending it:
//   lookup (renames in force) → NOAUTH → unknown → command rules → arity → ACL →
//   what no shared proxy can pass → subscriber mode → transaction → answered here →
//   forwarded, over a shared lane or over one of the session's own
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acl/authenticator.h"
#include "acl/policy.h"
#include "protocol/command_parser.h"
#include "protocol/targets.h"
#include "proxy/gate/client_info.h"
#include "proxy/gate/client_query.h"
#include "proxy/gate/client_state.h"
#include "proxy/gate/info_filter.h"
#include "proxy/gate/kept_command.h"
#include "proxy/gate/lane_finder.h"
#include "proxy/gate/process_view.h"
#include "proxy/gate/subscriptions.h"
#include "proxy/gate/tracking.h"
#include "proxy/gate/transaction.h"
#include "proxy/gate/verdict.h"

namespace respgate::proxy {

// What HELLO says of the server: learned from the node, the same for every session of a worker.
struct ServerFacts {
  std::string name = "redis";
  std::string version = "7.0.0";
  // What the server calls commands that its own configuration renamed; "" for those it does not have.
  struct Name {
    protocol::CommandId id;  // of the command or container
    std::string name;
  };
  std::vector<Name> command_names;
};

// What a gate must know of its session to judge the next command.
struct Standing {
  bool owes_replies = false;          // earlier commands are still unanswered
  bool has_lane = false;              // a lane of its own is leased to it
  std::string_view no_room = {};      // not empty: nothing more can go upstream; the error to say so
  std::string_view no_lane = {};      // not empty: no lane of its own can be had; the error to say so
  std::int64_t now_ms = 0;            // steady clock
  const LaneFinder* lanes = nullptr;  // of other clients; may be null
  std::int64_t unix_s = 0;            // the time that tokens are signed with
  bool lane_is_stale = false;         // its own lane is from before a reload, or leads to no primary
  bool audit_refuses = false;         // nothing may pass that must be audited
};

class Gate {
 public:
  // REQUIRES: client.policy is set.  `finder`, `server` and `process` outlive the gate.
  // `process` null: nobody is locked out, and nothing is told of the process (`explain`).
  Gate(ClientState client, protocol::TargetFinder& finder, const ServerFacts& server, ProcessView* process = nullptr);

  // Is this command refused whatever its arguments are?  Then they need not be stored.
  // `head` is what CommandParser gave with kName.
  bool refuses_by_name(const protocol::Command& head) const;

  // `head` is what CommandParser gave with kLarge: can no argument that is still to come change the verdict?  Then it
  // need not be kept until it is whole.
  bool judges_early(const protocol::Command& head);
  // The verdict on it.  Forwarded, it needs a lane of the session's own, and `wire` is its beginning up to the first
  // byte of the large argument.  REQUIRES: judges_early(), and that no reply is owed.
  Verdict admit_early(const protocol::Command& head, const Standing& standing);

  // It is whole, or will never be: a reload has nothing to say about it any more.
  void early_is_over() { passing_.reset(); }

  // The verdict's views live until the next call, or until the command dies.
  Verdict admit(const protocol::Command& command, const Standing& standing);

  // What all workers are to be asked.  REQUIRES: the last verdict was kAsk.
  std::shared_ptr<const ClientQuery> take_question() { return std::move(question_); }

  // A queued command that is not allowed any more: EXEC ran none of its transaction.  `verdict` says why.
  struct Revoked {
    KeptCommand command;
    std::vector<std::string_view> args;  // views into it
    Verdict verdict;
  };
  // Of the transaction that the last verdict aborted for it, the first; null: none.  For metrics, ACL LOG and audit.
  std::unique_ptr<const Revoked> take_revoked() { return std::move(revoked_); }

  // The last verdict's answer has been copied: gives back the memory of a large one.
  void forget_answer();

  // What the client gets in the place of `reply`, whose request said how it is to be read.  In the order of the
  // requests; the view lives until the next call of anything.
  std::string_view read_reply(Request::Reading reading, std::string_view reply);
  // The database a kSelect verdict asked for is there.
  void select_done(std::int64_t database) { client_.database = database; }
  // The oldest blocking command has its reply.
  void unblocked() { blocked_.pop_front(); }

  // A new policy.  False: the session's user is gone, off, no longer admitted here, or holds what it may not have
  // any more (a channel, tracking, a blocked command); close it.
  [[nodiscard]] bool adopt(acl::PolicyPtr policy);
  // The same, and other terms of its listener.  False also when it never logged in itself, and connections like it do
  // not begin as its user any more.
  [[nodiscard]] bool adopt(acl::PolicyPtr policy, ListenerTerms terms);

  // The session's own lane.  Does the client have state on it (MULTI, WATCH, subscriptions, tracking)?
  bool needs_lane() const { return transaction_.is_open() || watching_ || !subscriptions_.empty() || tracking_.on; }
  // Or will it, when all it has sent is answered?
  bool awaits_state() const { return needs_lane() || !tracking_asked_.empty(); }
  // Has it run what makes it better to keep the lane than to close it?
  bool keeps_lane() const { return lane_kept_; }
  // May another session have it afterwards?
  bool leaves_lane_clean() const { return !lane_soiled_ && !needs_lane() && blocked_.empty(); }
  // Will it be closed rather than go to another?  Only then may the server say something on it unasked.
  bool has_lane_for_good() const { return lane_soiled_; }
  // The server would not end what it was told to end.
  void state_remains() { lane_soiled_ = true; }
  bool is_blocked() const { return !blocked_.empty(); }
  // Would the server take an AUTH on it behind what was sent?
  bool lane_takes_auth() const {
    return !transaction_.is_open() && blocked_.empty() && (subscriptions_.empty() || client_.resp == protocol::RespVersion::kResp3);
  }
  bool is_subscriber() const { return !subscriptions_.empty(); }
  // It is gone, given back or closed; the client has no state any more.
  void lane_is_gone();

  bool is_logged_in() const { return client_.principal != nullptr; }
  const ClientState& client() const { return client_; }
  // But for how long it has been idle.
  ClientActivity activity() const;
  // Memory of what it remembers for the client, about.
  std::size_t held_bytes() const { return transaction_.bytes() + executing_.bytes() + subscriptions_.bytes(); }

 private:
  // These fill the verdict they are given, and give it back: it is too large to be copied from step to step.
  Verdict& finish(Verdict& verdict) const;
  protocol::Args with_worst_options(const protocol::Command& head);
  Verdict& refuse(Verdict& verdict, Verdict::Refusal why, std::string_view text);
  Verdict& refuse_unavailable(Verdict& verdict);
  Verdict& refuse_unaudited(Verdict& verdict);
  Verdict& wait(Verdict& verdict) const;
  Verdict& judge(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  bool apply_rules(Verdict& verdict);
  bool authorize(Verdict& verdict, const protocol::Command& command);
  Verdict& dispatch(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  Verdict& forward(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  std::optional<std::string_view> server_name(const protocol::CommandSpec& spec) const;
  Verdict& run_locally(Verdict& verdict, const Standing& standing);
  Verdict::Refusal answer_here(const protocol::CommandSpec& spec, protocol::Args args, std::int64_t now_ms);
  void append_unavailable(const protocol::CommandSpec& spec);
  acl::Decision decide(const protocol::CommandSpec& spec, protocol::Args args, const protocol::Targets& targets,
                       std::span<const std::int64_t> databases) const;
  std::span<const std::int64_t> databases() const;
  // Fills `again` with what would be said now of a command that waits, whose `args` outlive it.
  bool still_allowed(Verdict& again, const protocol::CommandSpec& spec, protocol::Args args, bool rewritten,
                     std::span<const std::int64_t> databases);
  bool may_keep_what_it_holds() const;
  bool may_hear_of_every_key() const;
  std::string_view finish_transaction(std::string_view reply);
  void append_info(std::string_view reply, ProxySection section);

  // gate_login.cc: what changes who the client is, and what its session speaks.
  void log_in(Verdict& verdict, const acl::Credentials& credentials, const Standing& standing);
  Verdict& auth(Verdict& verdict, const Standing& standing);
  Verdict& hello(Verdict& verdict, const Standing& standing);
  Verdict& reset(Verdict& verdict, const Standing& standing);
  Verdict& select(Verdict& verdict, const Standing& standing);
  Verdict& client_reply(Verdict& verdict);
  Verdict& quit(Verdict& verdict, const Standing& standing);
  Verdict& ask_workers(Verdict& verdict, const Standing& standing);
  const acl::Principal* born_principal(const acl::Policy& policy) const;
  Verdict& hello_on_its_lane(Verdict& verdict, protocol::RespVersion version);
  void append_hello_reply();

  // gate_transaction.cc: MULTI, WATCH and what comes between them and EXEC.
  Verdict& in_transaction(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  std::string_view why_not_queued(Transaction::Source source, const Verdict& verdict, const Standing& standing) const;
  Verdict& exec(Verdict& verdict, const Standing& standing);
  Verdict& abort_transaction(Verdict& verdict);
  void send_alone(Verdict& verdict, std::string_view command);
  std::unique_ptr<const Revoked> first_revoked();
  void end_transaction();

  // gate_pinned.cc: what needs a lane of the session's own.
  Verdict& pinned(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  Verdict& subscribe(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  Verdict& unsubscribe(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  Verdict& block(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  Verdict& track(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  Verdict& about_tracking(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  Verdict& refuse_in_subscriber_mode(Verdict& verdict);
  Verdict& on_its_lane(Verdict& verdict, const protocol::Command& command, const Standing& standing);
  std::string_view with_own_redirect(std::string_view reply);

  ClientState client_;
  protocol::TargetFinder& finder_;
  const ServerFacts& server_;
  ProcessView* const process_;
  bool has_logged_in_ = false;               // by a command, since it was born or reset
  std::string answer_;                       // the reply being made
  std::vector<std::string_view> early_;      // arguments of a command that is not here whole
  std::vector<std::string_view> rewritten_;  // arguments after a rewrite or under their real name
  std::string word_;                         // one of them that had to be made

  std::shared_ptr<const ClientQuery> question_;
  std::unique_ptr<const Revoked> revoked_;

  Transaction transaction_;
  Transaction executing_;                // sent EXEC, not answered; only when its reply is edited
  std::uint64_t queued_generation_ = 0;  // of the policy that the whole queue was judged by
  bool watching_ = false;
  Subscriptions subscriptions_;
  Tracking tracking_;
  std::list<Tracking> tracking_asked_;    // sent, not answered
  std::list<KeptCommand> blocked_;        // sent, not answered
  std::unique_ptr<KeptCommand> passing_;  // on its way before it is whole: it may be long before it runs
  bool lane_soiled_ = false;
  bool lane_kept_ = false;
  protocol::RespVersion hello_asked_ = protocol::RespVersion::kResp2;

  bool replies_off_ = false;       // CLIENT REPLY OFF
  bool skips_next_reply_ = false;  // CLIENT REPLY SKIP
  bool skips_this_reply_ = false;  // it was the command before
};

// What every failed login is answered with, whatever failed.
inline constexpr std::string_view kAuditUnavailable = "ERR respgate: audit unavailable";
inline constexpr std::string_view kWrongPass = "WRONGPASS invalid username-password pair or user is disabled.";

// Is it asked to learn that all before it has come (PING, ECHO)?  Then the server answers a client with a lane of its own.
bool keeps_its_place(const protocol::CommandSpec& spec);

// Has a lane on which it ran to be closed afterwards, although the client holds nothing that shows?
bool leaves_a_lane_changed(const protocol::CommandSpec& spec);

// "ERR unknown command 'X', with args beginning with: …", as Redis 7.0 words it.
std::string unknown_command_text(protocol::Args args);

}  // namespace respgate::proxy
