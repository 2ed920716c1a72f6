// SEC 1: who can reach the listeners at all.
#include <algorithm>
#include <array>
#include <cstdio>

#include "proxy/common/log_text.h"
#include "proxy/posture/sections.h"

namespace respgate::proxy {
namespace {

constexpr int kSec = 1;

std::string octal(std::uint32_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

// The first of a list that is all addresses there are, as written; empty: none.
std::string everybody_in(const PeerList& list) {
  const auto all = std::find_if(list.texts.begin(), list.texts.end(), [](const std::string& text) { return text.ends_with("/0"); });
  return all == list.texts.end() ? "" : log_text(*all);
}

std::string networks_text(const PeerList& list) {
  constexpr std::size_t kMostNetworks = 8;
  std::vector<std::string> shown;
  shown.reserve(list.texts.size());
  for (const std::string& text : list.texts) shown.push_back(log_text(text));
  return shown.empty() ? "nobody" : list_text(shown, kMostNetworks);
}

void judge_socket(const ListenerConfig& listener, Findings& findings) {
  constexpr std::uint32_t kWritableByOthers = 02;
  const std::string mode = "mode " + octal(listener.unix_mode);
  if ((listener.unix_mode & kWritableByOthers) != 0) {
    findings.warn(kSec, listener_text(listener) + ": " + mode + " lets every user of this machine connect",
                  "the file's mode is all that keeps them out", "write mode: \"0660\" and give the group to the application");
  } else {
    findings.ok(kSec, listener_text(listener) + ": a unix socket, " + mode);
  }
}

void judge_network(const ListenerConfig& listener, Findings& findings) {
  const NetworkRules& network = listener.network;
  const std::string name = listener_text(listener);
  const std::string write = "write allow_from with the networks of the clients";
  if (!network.allow_from) {
    findings.warn(kSec, name + ": no allow_from: whoever reaches the address may try to log in",
                  "one slip in a firewall opens it to everybody", write);
  } else if (const std::string all = everybody_in(*network.allow_from); !all.empty()) {
    findings.warn(kSec, name + ": allow_from holds " + all + ", which is everybody", "one slip in a firewall opens it to everybody", write);
  } else {
    findings.ok(kSec, name + ": for " + networks_text(*network.allow_from));
  }
  if (network.max_per_source == 0)
    findings.warn(kSec, name + ": one source may take all of its " + counted(listener.max_connections, "connection"),
                  "a single client, broken or hostile, then shuts out the others", "write max_connections_per_source");
  if (const std::string all = everybody_in(network.trusted_proxies); !all.empty()) {
    findings.fail(kSec, name + ": trusted_proxies holds " + all + ", which is everybody",
                  "whoever connects may claim to be any address, allow_from and the audit would believe it",
                  "write the networks of the load balancer");
  }
}

}  // namespace

void judge_reach(const Snapshot& snapshot, Findings& findings) {
  for (const ListenerConfig& listener : snapshot.config.listeners) {
    if (listener.address.kind == Address::Kind::kUnix)
      judge_socket(listener, findings);
    else if (listener.address.is_loopback())
      findings.ok(kSec, listener_text(listener) + ": from this machine only");
    else
      judge_network(listener, findings);
  }
}

}  // namespace respgate::proxy
