// What the proxy knows of one client connection, apart from its socket.  Plain data,
// owned by the session's gate, touched on its worker's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "acl/policy.h"
#include "protocol/command_table.h"
#include "protocol/resp.h"

namespace respgate::proxy {

// Who may log in at a listener, and as whom its connections begin; as in ClientState.
struct ListenerTerms {
  std::string born_as;
  std::string group;
};

struct ClientState {
  // Constant from accept on.
  std::uint64_t id = 0;      // unique in the process, counted from 1; what CLIENT ID says
  std::size_t listener = 0;  // its index in the metrics
  std::string listener_name;
  std::string peer;                    // "127.0.0.1:51234", "[::1]:51234", "/path/of/socket:0"
  std::string source;                  // whom failed logins are counted to: "192.0.2.1", "2001:db8::1", "unix:"
  std::string local;                   // the listener's own address, same form
  std::string identity;                // the name in its certificate that the listener goes by; empty: none
  std::int64_t admitted_until_ms = 0;  // when its certificate expires, steady clock; 0: it has none
  std::int64_t connected_ms = 0;       // steady clock

  // What its listener says of it; a reload may change it.
  std::string born_as;  // user the connection is logged in as from the start (login_as); RESET returns to it
  std::string group;    // user_group of the listener; empty: everyone may log in

  // What the client's commands change.
  acl::PolicyPtr policy;                      // in force for this session; never null
  const acl::Principal* principal = nullptr;  // inside *policy; null: not logged in
  protocol::RespVersion resp = protocol::RespVersion::kResp2;
  std::int64_t database = 0;
  std::string name;          // CLIENT SETNAME
  std::string library_name;  // CLIENT SETINFO LIB-NAME
  std::string library_version;
  std::int64_t last_command_ms = 0;
  const protocol::CommandSpec* last_command = nullptr;  // null: none yet, or one that does not exist
  std::uint64_t commands = 0;
};

}  // namespace respgate::proxy
