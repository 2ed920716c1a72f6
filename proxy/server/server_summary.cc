// How the process is doing, and how its configuration stands, in two small answers of the admin port.
#include <ctime>

#include <nlohmann/json.hpp>

#include "proxy/common/log_text.h"
#include "proxy/posture/posture.h"
#include "proxy/server/server.h"

namespace respgate::proxy {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxUsers = 100;

json describe(const Tally& tally, const std::vector<CommandTally>& commands) {
  json all = json::array();
  for (std::size_t i = 0; i < tally.size(); ++i) {
    all.push_back({{"name", log_text(tally[i].listener)},
                   {"connections", tally[i].connections},
                   {"refused", tally[i].refused},
                   {"forwarded", commands[i].forwarded},
                   {"local", commands[i].local},
                   {"denied", commands[i].denied}});
  }
  return all;
}

json describe(const std::vector<UserTally>& users) {
  json all = json::array();
  for (const UserTally& user : users) {
    json failures{{"user", log_text(user.user)}, {"login", user.failures.authentication}};
    for (std::size_t i = 0; i < kDenials.size(); ++i) failures[std::string(acl::reason_name(kDenials[i]))] = user.failures.denials[i];
    all.push_back(std::move(failures));
  }
  return all;
}

json describe(const NodeTally& node) {
  return {{"node", log_text(node.node)},   {"lanes", node.lanes},   {"in_flight", node.in_flight},
          {"reconnects", node.reconnects}, {"errors", node.errors}, {"desyncs", node.desyncs}};
}

std::uint64_t failed_logins(const Tally& tally) {
  std::uint64_t sum = 0;
  for (const ListenerTally& listener : tally) {
    for (const UserTally& user : listener.users) sum += user.failures.authentication;
  }
  return sum;
}

}  // namespace

std::string Server::summary() const {
  const Tally tally = metrics_.tally();
  const ProcessTally process = metrics_.process_tally();
  const Readiness ready = readiness();
  const json all{{"version", RESPGATE_VERSION},
                 {"time", std::time(nullptr)},
                 {"ready", ready.ready},
                 {"why_not", log_text(ready.why_not, 1024)},
                 {"enforcement", enforcement()},
                 {"generation", snapshot_->policy->generation()},
                 {"loaded", process.last_good_load},
                 {"last_reload", process.is_last_reload_good ? "success" : "failure"},
                 {"audit_dropped", process.audit_dropped},
                 {"upstream", json::array({describe(process.node)})},
                 {"listeners", describe(tally, process.commands)},
                 {"failed_logins", failed_logins(tally)},
                 {"failures", describe(most_failures(tally, kMaxUsers))}};
  return all.dump();
}

const char* Server::enforcement() const { return snapshot_->policy->options().observe ? "observe" : "enforce"; }

std::string Server::posture() const {
  json all = json::array();
  for (const Finding& finding : posture_of(*snapshot_, std::time(nullptr))) {
    all.push_back({{"sec", finding.sec},
                   {"level", level_name(finding.level)},
                   {"what", finding.what},
                   {"why", finding.why},
                   {"write", finding.write}});
  }
  return all.dump();
}

}  // namespace respgate::proxy
