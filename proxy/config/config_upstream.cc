#include <algorithm>

#include "protocol/text.h"
#include "proxy/config/config_sections.h"
#include "proxy/config/rename_pairs.h"

namespace respgate::proxy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kOneNode = "mode standalone has exactly one node: write nodes: [\"host:port\"]";

void read_node(MapReader& section, const PlacedText& node, const Folder& folder, UpstreamConfig& upstream) {
  auto address = parse_address(node.text, folder);
  if (!address) return section.complain_at(node.at, "nodes", address.error());
  if (address->kind == Address::Kind::kTcp && address->port == 0) {
    return section.complain_at(node.at, "nodes", quote(node.text) + " has port 0: write the port the server listens on, usually 6379");
  }
  upstream.nodes.push_back(std::move(*address));
}

void read_nodes(MapReader& section, const Folder& folder, UpstreamConfig& upstream) {
  section.require("nodes", "nodes: [\"host:port\"]");
  std::vector<PlacedText> nodes;
  if (!section.texts("nodes", nodes)) return;
  if (nodes.empty()) section.complain("nodes", "is empty: " + std::string(kOneNode));
  for (std::size_t i = 1; i < nodes.size(); ++i) section.complain_at(nodes[i].at, "nodes", "one node too many: " + std::string(kOneNode));
  for (const PlacedText& node : nodes) read_node(section, node, folder, upstream);
}

void read_tls(MapReader& section, const Folder& folder, UpstreamConfig& upstream) {
  if (!section.has("tls")) return;
  upstream.tls = read_upstream_tls(section.section("tls"), folder);
  if (!upstream.nodes.empty() && upstream.nodes.front().kind == Address::Kind::kUnix)
    section.complain("tls", "is for TCP: what goes through a unix socket never leaves the machine; remove the section");
}

// A token is a password for a quarter of an hour.
void check_tokens_are_private(MapReader& section, const UpstreamConfig& upstream) {
  const bool stays_here = upstream.tls || upstream.nodes.empty() || upstream.nodes.front().is_loopback();
  const bool takes_tokens =
      upstream.credentials.iam || std::any_of(upstream.per_user.begin(), upstream.per_user.end(),
                                              [](const OwnCredentials& own) { return own.credentials.iam.has_value(); });
  if (takes_tokens && !stays_here) {
    section.complain("credentials",
                     "an IAM token in plain text is for everybody on the way: write upstream.tls, as ElastiCache wants it, "
                     "or reach the node over loopback or a unix socket");
  }
}

void read_timeouts(MapReader& section, UpstreamConfig& upstream) {
  section.duration("connect_timeout", upstream.connect_timeout, {Milliseconds(10), minutes(5)});
  section.duration("response_timeout", upstream.response_timeout, {seconds(0), hours(1)});
  section.duration("dead_peer", upstream.dead_peer, {seconds(1), hours(1)});
  section.duration("queue_timeout", upstream.queue_timeout, {Milliseconds(1), minutes(5)});
  section.duration("lane_idle", upstream.lane_idle, {seconds(1), hours(24)});
}

// As the command table spells names, so that two spellings of one are seen.
std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), protocol::fold);
  return text;
}

std::string command_name_problem(const PlacedPair& pair, const std::vector<acl::RenameText>& seen) {
  const protocol::CommandSpec* spec = protocol::find_command_by_name(pair.key.text);
  if (!spec || spec->container != protocol::kNoCommand) return "is not a command: write the name clients use, such as FLUSHALL";
  const auto same = [&](const acl::RenameText& other) { return other.from == lower(pair.key.text); };
  if (std::any_of(seen.begin(), seen.end(), same)) return "is there twice in different spelling: remove one of them";
  return "";
}

void read_command_names(MapReader& section, UpstreamConfig& upstream) {
  std::vector<PlacedPair> names;
  read_rename_pairs(section, "command_names", names);
  for (const PlacedPair& pair : names) {
    const std::string why = command_name_problem(pair, upstream.command_names);
    if (!why.empty())
      section.complain_at(pair.key.at, "command_names", quote(pair.key.text) + " " + why);
    else
      upstream.command_names.push_back({lower(pair.key.text), pair.value.text});
  }
}

void read_sentinel(MapReader section, SentinelConfig& sentinel) {
  using Mode = SentinelConfig::Mode;
  section.choice("mode", sentinel.mode, {{"on", Mode::kOn}, {"strict", Mode::kStrict}, {"off", Mode::kOff}});
  section.count("every", sentinel.every, {1, 1'000'000});
  section.duration("interval", sentinel.interval, {Milliseconds(1), minutes(1)});
  section.finish();
}

void refuse_what_is_not_built(MapReader& section) {
  section.not_built("mode", "standalone", "write standalone");
  section.not_built("replicas", "[]", "remove it");
  section.not_built("read_from", "primary", "write primary");
}

}  // namespace

void read_upstream(MapReader& root, const Folder& folder, Config& config) {
  root.require("upstream", "upstream: {nodes: [\"127.0.0.1:6379\"]}");
  if (!root.has("upstream")) return;
  MapReader section = root.section("upstream");
  UpstreamConfig& upstream = config.upstream;
  read_nodes(section, folder, upstream);
  read_tls(section, folder, upstream);
  read_credentials(section.section("credentials"), folder, upstream.credentials);
  read_own_credentials(section, folder, upstream.per_user);
  check_tokens_are_private(section, upstream);
  for (const OwnCredentials& own : upstream.per_user) {
    // Scripts are allowed to whoever has a login of his own, since the node judges them: not as the proxy.
    if (own.credentials.user == (upstream.credentials.user.empty() ? "default" : upstream.credentials.user))
      section.complain("per_user_credentials." + own.principal, "has the proxy's own user: write one with this user's rights");
    config.policy.own_identity.push_back(own.principal);
  }
  read_timeouts(section, upstream);
  section.count("lanes_per_worker", upstream.lanes_per_worker, {1, 64});
  section.count("lane_window", upstream.lane_window, {1, 1'000'000});
  section.count("max_lanes", upstream.max_lanes, {1, 65'536});
  section.count("max_pinned_lanes", upstream.max_pinned_lanes, {1, 65'536});
  read_command_names(section, upstream);
  read_sentinel(section.section("sentinel"), upstream.sentinel);
  refuse_what_is_not_built(section);
  section.finish();
}

}  // namespace respgate::proxy
