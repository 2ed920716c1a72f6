// What COMMAND and COMMAND DOCS say of one command, in the server's own shape.  Pure.
#pragma once

#include <string>

#include "protocol/command_table.h"
#include "protocol/resp.h"
#include "proxy/gate/command_catalog.h"

namespace respgate::proxy {

// One entry of COMMAND and COMMAND INFO: ten elements, subcommands included.
// REQUIRES: the catalog contains the spec.
void append_command_info(const CommandCatalog& catalog, const protocol::CommandSpec& spec, protocol::RespVersion version, std::string& out);

// One pair of COMMAND DOCS: the name, and a map of what is known.  Like the server for
// module commands, it leaves out what nobody said: complexity and arguments.  The
// summary is what one needs to grant the command: its ACL categories (redis-cli prints
// "(null)" where there is none).
// REQUIRES: the catalog contains the spec.
void append_command_docs(const CommandCatalog& catalog, const protocol::CommandSpec& spec, protocol::RespVersion version, std::string& out);

// A set of words, each a status, from words separated by one blank.
void append_words(std::string_view words, protocol::RespVersion version, std::string& out);

}  // namespace respgate::proxy
