// What CLIENT LIST, KILL and UNBLOCK ask about the clients of the whole proxy, and the
// reply made of what its workers found.  Plain data that goes from thread to thread; pure.
//
// Stricter than the server: LIST ID shows a connection once, however often it is named
// (a reply must not grow with what a client repeats), and a client that is not logged in
// is nobody's: the server counts it to the user `default`.
//
// Source: Redis 7.0 networking.c (clientCommand).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "protocol/command_table.h"
#include "protocol/resp.h"
#include "proxy/gate/client_state.h"

namespace respgate::proxy {

enum class ClientType : std::uint8_t { kNormal, kReplica, kPubsub, kMaster };

// Which clients are meant: those that fit everything that is set.
struct ClientFilter {
  std::optional<std::string> address;
  std::optional<std::string> local_address;
  std::optional<std::string> user;
  std::optional<ClientType> type;
  std::vector<std::uint64_t> ids;  // any of them, in ascending order; none: whatever its number is

  bool matches(const ClientState& client, ClientType its_type) const;
};

struct ClientQuery {
  enum class Kind : std::uint8_t { kList, kKill, kUnblock };

  Kind kind = Kind::kList;
  ClientFilter filter;               // of one id when it is kUnblock
  std::vector<std::uint64_t> named;  // kList: in this order, as the client wrote them; none: by number
  bool in_old_form = false;          // KILL addr:port
  bool spares_asker = true;          // KILL: the asker is not killed, even if it fits
  bool unblocks_with_error = false;

  // What its session adds.
  std::uint64_t asker = 0;         // whom no worker kills: it must have its reply first
  bool kills_asker = false;        // closed once it has the reply
  std::string command = "CLIENT";  // as the node calls it
};

// What one worker found.
struct ClientFindings {
  struct Line {
    std::uint64_t id;
    std::string text;
  };
  std::vector<Line> lines;  // kList
  std::size_t killed = 0;   // kKill; the asker is not among them
  std::string reply;        // kUnblock: the node's; empty: not here, or not blocked
};

// `spec` is client|list, client|kill or client|unblock, whose arity fits; `may_exist` is asked whether there is a user
// of that name.  The error is the server's, without its sign.
boost::system::result<ClientQuery, std::string> parse_client_query(const protocol::CommandSpec& spec, protocol::Args args,
                                                                   const acl::Policy& policy);

// One reply of all that was found.
std::string client_query_reply(const ClientQuery& query, std::vector<ClientFindings> findings, protocol::RespVersion resp);

}  // namespace respgate::proxy
