// The commands the proxy answers from what it knows itself, with the server's own
// reply shapes: ACL, CLIENT and COMMAND.  (AUTH, HELLO, RESET, QUIT, SELECT, PING and
// ECHO change or end a session: they live in the gate.)
//
// Pure: no socket, no clock.  The caller has checked that the command exists, that
// its arity fits, and that the principal may run it.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/command_table.h"
#include "proxy/client_state.h"

namespace respgate::proxy {

struct LocalCall {
  const protocol::CommandSpec& spec;
  protocol::Args args;
  ClientState& client;
  std::int64_t now_ms;  // steady clock, the one ClientState uses
};

// Appends exactly one reply to `out`, in client.resp.
// REQUIRES: client.principal is not null; spec is the one of the family named.
void answer_acl(const LocalCall& call, std::string& out);      // WHOAMI LIST USERS GETUSER CAT DRYRUN GENPASS HELP; the
                                                               // changing ones say that users.acl is the place
void answer_client(const LocalCall& call, std::string& out);   // ID GETNAME SETNAME SETINFO INFO LIST HELP, of one's own
void answer_command(const LocalCall& call, std::string& out);  // COMMAND, COUNT, LIST, INFO, DOCS, GETKEYS, GETKEYSANDFLAGS, HELP

// Is `name` something CLIENT SETNAME and HELLO SETNAME accept ('!' … '~')?
bool is_valid_client_name(std::string_view name);

}  // namespace respgate::proxy
