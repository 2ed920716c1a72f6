// What the three families of locally answered commands (ACL, CLIENT, COMMAND) have in
// common: finding the handler of a subcommand, and the words the server uses for all.
// Pure; every append_… writes exactly one reply.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/gate/local_commands.h"

namespace respgate::proxy {

struct LocalHandler {
  std::string_view command;  // "acl|whoami", as CommandSpec::name
  void (*answer)(const LocalCall& call, std::string& out);
};

// Runs the handler of call.spec, or says that the command is not available.
void answer_with(std::span<const LocalHandler> handlers, const LocalCall& call, std::string& out);

std::string to_upper(std::string_view text);

// ACL LOG, of local_acl_log.cc.
void answer_acl_log(const LocalCall& call, std::string& out);

// "ERR respgate: 'client|kill' is not available through the proxy"
void append_not_available(const protocol::CommandSpec& spec, std::string& out);
// What the server says when the arity fits but the subcommand takes fewer arguments.
void append_wrong_arguments(const LocalCall& call, std::string& out);
void append_syntax_error(std::string& out);

// HELP: the heading, `lines`, and HELP itself, as an array of simple strings.
void append_help(const LocalCall& call, std::span<const std::string_view> lines, std::string& out);

}  // namespace respgate::proxy
