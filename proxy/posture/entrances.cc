// SEC 2: who comes in at which listener, and as whom the proxy comes in at the node.
#include "proxy/posture/sections.h"

namespace respgate::proxy {
namespace {

constexpr int kSec = 2;

bool asks_for_certificates(const ListenerConfig& listener) {
  return listener.tls && listener.tls->client_auth == tls::ClientAuth::kRequire;
}

void judge_login_as(const ListenerConfig& listener, const acl::Principal& user, Findings& findings) {
  const std::string what = listener_text(listener) + ": whoever connects is " + users_text({user.name()});
  const std::string write = "remove login_as, or listen on unix:/path with a mode";
  if (!listener.address.is_loopback() && !asks_for_certificates(listener)) {
    findings.fail(kSec, what + ", without a password, from other machines too", "reaching the address is all it takes", write);
  } else if (user.is_unrestricted()) {
    findings.warn(kSec, what + ", who has no limits", "every program that can connect can do everything",
                  "write login_as with a user that has the rights the application needs");
  } else {
    findings.ok(kSec, what, "no password is asked for: what can connect counts as the application");
  }
}

// Where there is one plain entrance, it is everybody's.
void judge_group(const Config& config, const ListenerConfig& listener, std::size_t users, Findings& findings) {
  if (!listener.user_group.empty())
    return findings.ok(kSec, listener_text(listener) + ": for members of " + path_text(listener.user_group));
  const bool is_for_some = config.listeners.size() > 1 || !listener.login_as.empty();
  if (users > 1 && is_for_some)
    findings.warn(kSec, listener_text(listener) + ": no user_group: all " + counted(users, "user") + " that are on may log in here",
                  "a password that was stolen from one application is good at the entrance of another", "write user_group");
}

// Whoever guesses from this machine is on it already.
void judge_guessing(const Config& config, Findings& findings) {
  constexpr std::size_t kMostListeners = 8;
  if (config.limits.auth_failures.max > 0) return;
  std::vector<std::string> open;
  for (const ListenerConfig& listener : config.listeners)
    if (!listener.address.is_loopback()) open.push_back(listener_text(listener));
  if (open.empty()) return;
  findings.warn(kSec, "limits.auth_failures.max: 0: wrong passwords lock nobody out at " + list_text(open, kMostListeners),
                "whoever reaches the address may guess as often as there is time for",
                "leave max out (10), or write how many may be wrong");
}

void judge_node(const UpstreamConfig& upstream, Findings& findings) {
  const UpstreamCredentials& own = upstream.credentials;
  if (own.iam) return findings.ok(kSec, "the node: respgate logs in with IAM tokens");
  if (!own.password_file.empty()) return findings.ok(kSec, "the node: respgate logs in with a password");
  findings.warn(kSec, "the node: no upstream.credentials: it lets respgate in without a login",
                "whoever reaches it directly comes in the same way, past every rule here",
                "give it users, close its default user, and write upstream.credentials");
}

}  // namespace

void judge_entrances(const Snapshot& snapshot, Findings& findings) {
  const std::size_t users = enabled_users(*snapshot.policy).size();
  for (const ListenerConfig& listener : snapshot.config.listeners) {
    if (!listener.login_as.empty()) judge_login_as(listener, *snapshot.policy->find(listener.login_as), findings);
    judge_group(snapshot.config, listener, users, findings);
  }
  judge_guessing(snapshot.config, findings);
  judge_node(snapshot.config.upstream, findings);
}

}  // namespace respgate::proxy
