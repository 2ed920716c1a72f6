// The commands the proxy answers from what it knows itself, with the server's own
// reply shapes: ACL, CLIENT and COMMAND.  (AUTH, HELLO, RESET, QUIT, SELECT, PING and
// ECHO change or end a session: they live in the gate.  CLIENT LIST, KILL and UNBLOCK
// concern the clients of every worker: client_query.h.)
//
// Pure but for ACL LOG, which asks what all workers have refused, and ACL GENPASS, which asks the system for random bytes.  The caller has
// checked that the command exists, that its arity fits, and that the principal may
// run it.
//
// Stricter than the server:
//  - No password hash is ever shown, whoever asks: hashes are unsalted, users.acl is not
//    changed through here, and ElastiCache does not show them either.  ACL LIST leaves
//    them out; ACL GETUSER says "(redacted)" once for each password.
//  - Names a client gives itself are bounded, and so are the number of commands that one
//    COMMAND INFO or DOCS may name and the pattern of a COMMAND LIST.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/command_table.h"
#include "proxy/gate/client_info.h"
#include "proxy/gate/client_state.h"
#include "proxy/gate/process_view.h"

namespace respgate::proxy {

struct LocalCall {
  const protocol::CommandSpec& spec;
  protocol::Args args;
  ClientState& client;
  std::int64_t now_ms;             // steady clock, the one ClientState uses
  ClientActivity activity = {};    // CLIENT INFO
  ProcessView* process = nullptr;  // ACL LOG; null: nothing was ever refused
};

// Appends exactly one reply to `out`, in client.resp.
// REQUIRES: client.principal is not null; spec is the one of the family named.
void answer_acl(const LocalCall& call, std::string& out);      // WHOAMI LIST USERS GETUSER CAT DRYRUN GENPASS LOG HELP; the
                                                               // changing ones say that users.acl is the place
void answer_client(const LocalCall& call, std::string& out);   // ID GETNAME SETNAME SETINFO INFO HELP, of one's own
void answer_command(const LocalCall& call, std::string& out);  // COMMAND, COUNT, LIST, INFO, DOCS, GETKEYS, GETKEYSANDFLAGS, HELP

// What the proxy keeps of a name or library name; the server has no bound.
inline constexpr std::size_t kMaxClientNameBytes = 512;

// Is `name` something CLIENT SETNAME and HELLO SETNAME accept: '!' … '~', not too long?
// The empty name is: it takes the name away.
bool is_valid_client_name(std::string_view name);

}  // namespace respgate::proxy
