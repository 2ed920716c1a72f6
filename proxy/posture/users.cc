// SEC 2: does everybody log in as himself, with something only he knows?
#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "acl/principal.h"
#include "proxy/posture/sections.h"

namespace respgate::proxy {
namespace {

using acl::Principal;

constexpr int kSec = 2;

// What is tried first everywhere, and what respgate's and Redis' own examples show.
constexpr std::array<std::string_view, 25> kKnownPasswords{
    "",           "password",       "passwd",          "secret",          "changeme",
    "redis",      "valkey",         "elasticache",     "admin",           "root",
    "guest",      "test",           "default",         "123456",          "12345678",
    "foobared",   "qwerty",         "orders-example",  "reports-example", "admin-example",
    "rq-example", "celery-example", "sidekiq-example", "bullmq-example",  "ioredis-example"};

// By hash: all that users.acl tells of a password.
const std::vector<acl::Secret::Digest>& known_digests() {
  static const std::vector<acl::Secret::Digest> digests = [] {
    std::vector<acl::Secret::Digest> made;
    made.reserve(kKnownPasswords.size());
    for (const std::string_view password : kKnownPasswords) made.push_back(acl::Secret::digest_of(password));
    return made;
  }();
  return digests;
}

bool has_known_password(const Principal& user) {
  const acl::Secret::Digest own_name = acl::Secret::digest_of(user.name());
  return std::any_of(user.passwords().begin(), user.passwords().end(), [&](const acl::Secret& secret) {
    const auto is_it = [&](const acl::Secret::Digest& digest) { return secret.equals(digest); };
    return is_it(own_name) || std::any_of(known_digests().begin(), known_digests().end(), is_it);
  });
}

bool is_default(const Principal& user) { return user.name() == "default"; }

// Has it a way in that is neither a password nor nopass?
bool logs_in_otherwise(const Config& config, const Principal& user) {
  const auto is_name = [&](const std::string& name) { return name == user.name(); };
  const auto has_tokens = [&](const IamUserConfig& iam) { return is_name(iam.principal); };
  if (std::any_of(config.iam_users.begin(), config.iam_users.end(), has_tokens)) return true;
  return std::any_of(config.listeners.begin(), config.listeners.end(), [&](const ListenerConfig& listener) {
    return is_name(listener.login_as) || (listener.tls && listener.tls->client_identity);
  });
}

void judge_default(const Principal& user, Findings& findings) {
  const std::string why = "a client that gives a password and no name is this user, and so it is shared by all of them";
  const std::string write = "write `user default off`, and a user for each application";
  if (user.is_unrestricted())
    findings.fail(kSec, "user default is on and has no limits", why, write);
  else
    findings.warn(kSec, "user default is on", why, write);
}

// Users of whom the same is to be said share a line.
struct Faults {
  std::vector<std::string> any_password, known_password, no_way_in;
};

void judge_user(const Config& config, const Principal& user, Faults& faults, Findings& findings) {
  if (is_default(user) && user.accepts_any_password()) {
    findings.fail(kSec, "user default: nopass: every client is this user before it has said anything",
                  "whoever reaches a listener has its rights", "write `user default off`");
  } else if (user.accepts_any_password()) {
    faults.any_password.push_back(user.name());
  } else {
    if (is_default(user)) judge_default(user, findings);
    if (has_known_password(user)) faults.known_password.push_back(user.name());
    if (user.passwords().empty() && !logs_in_otherwise(config, user)) faults.no_way_in.push_back(user.name());
  }
}

void tell(const Faults& faults, Findings& findings) {
  const std::string write_hash = "write what `respgate hash-password` prints";
  if (!faults.any_password.empty()) {
    findings.fail(kSec, users_text(faults.any_password) + ": nopass: every password is right",
                  "whoever reaches a listener has these rights",
                  write_hash + " in the place of nopass; who comes with a certificate or by login_as needs neither");
  }
  if (!faults.known_password.empty())
    findings.fail(kSec, users_text(faults.known_password) + ": the password is the user's name, or one that everybody knows",
                  "it is guessed with the first few tries", "take another, and " + write_hash);
  if (!faults.no_way_in.empty())
    findings.warn(kSec, users_text(faults.no_way_in) + ": on, and nothing logs in as that: no password, certificate, token or login_as",
                  "whoever put it there expected something else", write_hash + ", or off");
}

// One password for several users: nobody can tell afterwards which of them it was.
void judge_shared_passwords(const std::vector<const Principal*>& users, Findings& findings) {
  std::map<std::string, std::vector<std::string>> holders;
  for (const Principal* user : users) {
    for (const acl::Secret& secret : user->passwords()) holders[secret.to_hex()].push_back(user->name());
  }
  std::vector<std::vector<std::string>> shared;
  for (auto& [hash, names] : holders) {
    if (names.size() > 1) shared.push_back(std::move(names));
  }
  std::sort(shared.begin(), shared.end());  // not in the order of hashes, which says nothing
  for (const auto& names : shared)
    findings.warn(kSec, users_text(names) + " have a password in common", "who has one of them is the others too", "give each its own");
}

}  // namespace

void judge_users(const Snapshot& snapshot, Findings& findings) {
  const std::vector<const Principal*> users = enabled_users(*snapshot.policy);
  Faults faults;
  for (const Principal* user : users) judge_user(snapshot.config, *user, faults, findings);
  tell(faults, findings);
  if (users.empty())
    findings.warn(kSec, "no user is on: nobody can log in", "every client gets NOAUTH or WRONGPASS",
                  "write `user NAME on`, a password's hash and rules into " + path_text(snapshot.config.users_file));
  judge_shared_passwords(users, findings);
  if (!snapshot.policy->find("default")->is_enabled()) findings.ok(kSec, "user default is off: a password alone logs nobody in");
}

}  // namespace respgate::proxy
