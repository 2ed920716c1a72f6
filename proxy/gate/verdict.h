// What the gate decided about one command, and everything that metrics and audit
// need to know about why.  Plain data; views die with the command and the gate.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "acl/authenticator.h"
#include "acl/authorizer.h"
#include "acl/command_rules.h"
#include "protocol/command_table.h"
#include "proxy/common/request.h"

namespace respgate::proxy {

struct Verdict {
  enum class Kind : std::uint8_t {
    kAnswer,   // the proxy answers: `answer`
    kForward,  // goes upstream: `wire` verbatim, or `args` re-encoded when wire is empty
    kSelect,   // changes the database: +OK once a lane there is logged in, else the server's error
    kAsk,      // concerns the clients of all workers: they are asked Gate::take_question(); nothing overtakes the reply
    kWait,     // may only be looked at again when every earlier reply is in
    kClose,    // answer, then close once everything is sent
  };

  // Why the proxy itself refused, when it did.
  enum class Refusal : std::uint8_t {
    kNone,
    kAcl,          // `decision` says how
    kRule,         // `rule` denied it
    kUnknown,      // no such command, subcommand
    kUnavailable,  // cannot pass a shared proxy
    kNotLoggedIn,  // NOAUTH: not a failure, not counted
    kWrongCall,    // arity, syntax, not now: the server's own error, not counted
    kNoRoom,       // memory or lanes are exhausted: not counted
    kNotAudited,   // the audit log takes nothing now, and nothing may pass without it: counted by itself
  };

  Kind kind = Kind::kAnswer;
  Refusal refusal = Refusal::kNone;
  bool observed = false;         // kAcl, but enforcement is `observe`: let through
  bool login_attempted = false;  // AUTH, HELLO … AUTH: `login` says how it ended
  acl::AuthOutcome login = acl::AuthOutcome::kOk;
  std::string_view login_name;                  // as the client gave it
  std::string_view token_fault;                 // what is wrong with an IAM token, for log and audit; never for the client
  std::int64_t delay_ms = 0;                    // how long the answer is to be kept back, and all that is behind it
  bool in_transaction = false;                  // between MULTI and EXEC
  const protocol::CommandSpec* spec = nullptr;  // null: unknown
  acl::Decision decision;
  acl::RuleOutcome rule;
  const protocol::CommandSpec* ruled = nullptr;  // the command the rule matched; `spec` is what a rewrite made of it
  std::string_view answer;
  std::string_view wire;
  bool unfinished = false;    // the wire is only its beginning: the client is still sending the rest
  protocol::Args args;        // as they count (after a rewrite)
  std::int64_t database = 0;  // kSelect
  bool silent = false;        // CLIENT REPLY: the client does not get to see the answer
  bool drops_lane = false;    // RESET: the session's own lane is closed

  // kForward: how it travels, and what its reply is.
  bool pinned = false;              // needs a lane of the session's own
  bool in_any_database = false;     // it touches none: its lane may be one of database 0
  bool is_barrier = false;          // nothing behind it is looked at before its reply
  bool follows_all_writes = false;  // WAIT: the lane must have caught up with what the session wrote over others
  bool blocking = false;
  bool ends_state = false;  // EXEC, DISCARD, UNWATCH
  std::int64_t patience_ms = 0;
  std::string_view confirmation;
  std::uint32_t confirmations = 0;
  Request::Reading reading = Request::Reading::kPlain;
  std::optional<protocol::ReplyExpectation> expectation;  // other than the command's own

  // Something for metrics or audit to hear about.
  bool noteworthy() const {
    return login_attempted || observed || rule.kind != acl::RuleOutcome::Kind::kNone ||
           (refusal != Refusal::kNone && refusal != Refusal::kNotLoggedIn && refusal != Refusal::kWrongCall &&
            refusal != Refusal::kNoRoom && refusal != Refusal::kNotAudited);
  }
};

}  // namespace respgate::proxy
