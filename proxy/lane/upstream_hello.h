// The words a lane greets a node with, and what it learns from the answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/command_table.h"
#include "protocol/reply_scanner.h"

namespace respgate::proxy {

// HELLO, with AUTH when there is a password.  An empty user is "default".  HELLO is one of the few commands no ACL
// can take away, so a lane can greet whatever its user may do.
std::string hello_request(protocol::RespVersion resp, std::string_view user, std::string_view password, bool with_auth);
// AUTH, for a lane that has greeted already.  An empty user is "default".
std::string auth_request(std::string_view user, std::string_view password);
std::string select_request(std::int64_t database);

// All that a node which means it can answer to them, errors apart.
protocol::ReplyExpectation hello_reply(protocol::RespVersion resp);
protocol::ReplyExpectation select_reply();

protocol::ReplyExpectation auth_reply();

// An error that a greeting was answered with, as it may be shown in a log: a server that does not know HELLO repeats
// what came behind it, the password too.  What could hold `password` is left out.
std::string greeting_error_text(std::string_view error, std::string_view password);

// The server's version as its HELLO reply says; empty when it does not.
std::string server_version_of(const protocol::ReplyFrame& hello_reply);

// The number of the connection at the node, as its HELLO reply says; 0 when it does not.
std::int64_t server_side_id_of(const protocol::ReplyFrame& hello_reply);

// What a request that only asked for a lane is answered with.
extern const protocol::ReplyFrame kLaneOpened;

}  // namespace respgate::proxy
