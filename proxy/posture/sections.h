// The questions, one function each; only posture_of() calls them.  And how findings
// speak of listeners, users and files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/posture/finding.h"
#include "proxy/snapshot/snapshot.h"

namespace respgate::proxy {

void judge_reach(const Snapshot& snapshot, Findings& findings);                      // SEC 1
void judge_users(const Snapshot& snapshot, Findings& findings);                      // SEC 2: each user by himself
void judge_entrances(const Snapshot& snapshot, Findings& findings);                  // SEC 2: who comes in where, and as whom at the node
void judge_commands(const Snapshot& snapshot, Findings& findings);                   // SEC 3
void judge_storage(Findings& findings);                                              // SEC 4
void judge_wires(const Snapshot& snapshot, std::int64_t now_s, Findings& findings);  // SEC 5
void judge_operation(const Snapshot& snapshot, Findings& findings);                  // SEC 6
void judge_records(const Snapshot& snapshot, Findings& findings);                    // SEC 7

// "listener gateway (0.0.0.0:6380)"
std::string listener_text(const ListenerConfig& listener);
// "user app", "users app and web", "users a, b, c, d, e, f, g, h and 12 more"
std::string users_text(const std::vector<std::string>& names);
// "a, b and c"; past `most` of them, "a, b and 7 more".
std::string list_text(const std::vector<std::string>& words, std::size_t most);
// A path, whole and printable.
std::string path_text(std::string_view path);
std::string counted(std::size_t n, std::string_view noun);  // "1 user", "2 users"

// Users that are on, in the order of their names.
std::vector<const acl::Principal*> enabled_users(const acl::Policy& policy);
std::vector<std::string> names_of(const std::vector<const acl::Principal*>& users);

// May everybody on the machine read a file of the snapshot?
bool is_readable_by_all(const Snapshot& snapshot, const std::string& file);

}  // namespace respgate::proxy
