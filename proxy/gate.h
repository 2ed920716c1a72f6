// Decides what happens to a client's next command: answered here, sent upstream,
// or refused, and why.  One per session; the same gate serves the data path and
// `respgate explain`.
//
// Pure: no socket, no clock, no log.  In this order, each step ending it:
//   lookup (renames in force) → NOAUTH → unknown → command rules → arity → ACL →
//   what no shared proxy can pass → answered here → forwarded
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "acl/policy.h"
#include "protocol/command_parser.h"
#include "protocol/targets.h"
#include "proxy/client_state.h"
#include "proxy/verdict.h"

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

class Gate {
 public:
  // REQUIRES: client.policy is set.  `finder` and `server` outlive the gate.
  Gate(ClientState client, protocol::TargetFinder& finder, const ServerFacts& server);

  // Is this command refused whatever its arguments are?  Then they need not be stored.
  // `head` is what CommandParser gave with kName.
  bool refuses_by_name(const protocol::Command& head) const;

  // `owes_replies`: earlier commands of this session are still unanswered.
  // The verdict's views live until the next call, or until the command dies.
  Verdict admit(const protocol::Command& command, bool owes_replies, std::int64_t now_ms);

  // The last verdict's answer has been copied: gives back the memory of a large one.
  void forget_answer();

  // The database a kSelect verdict asked for is there.
  void select_done(std::int64_t database) { client_.database = database; }

  // A new policy.  False: the session's user is gone, off, or no longer admitted here; close it.
  [[nodiscard]] bool adopt(acl::PolicyPtr policy);

  bool is_logged_in() const { return client_.principal != nullptr; }
  const ClientState& client() const { return client_; }

 private:
  Verdict finish(Verdict verdict) const;
  Verdict refuse(Verdict verdict, Verdict::Refusal why, std::string_view text);
  bool apply_rules(Verdict& verdict);
  bool authorize(Verdict& verdict, const protocol::Command& command);
  Verdict dispatch(Verdict verdict, const protocol::Command& command, bool owes_replies, std::int64_t now_ms);
  Verdict forward(Verdict verdict, const protocol::Command& command);
  Verdict run_locally(Verdict verdict, bool owes_replies, std::int64_t now_ms);

  // gate_login.cc: what changes who the client is, and what its session speaks.
  void log_in(Verdict& verdict, std::string_view user, std::string_view password);
  Verdict auth(Verdict verdict);
  Verdict hello(Verdict verdict, bool owes_replies);
  Verdict reset(Verdict verdict, bool owes_replies);
  Verdict select(Verdict verdict, bool owes_replies);
  const acl::Principal* born_principal(const acl::Policy& policy) const;
  void append_hello_reply();

  ClientState client_;
  protocol::TargetFinder& finder_;
  const ServerFacts& server_;
  std::string answer_;                       // the reply being made
  std::vector<std::string_view> rewritten_;  // arguments after a rewrite or under their real name
};

// "ERR unknown command 'X', with args beginning with: …", as Redis 7.0 words it.
std::string unknown_command_text(protocol::Args args);

}  // namespace respgate::proxy
