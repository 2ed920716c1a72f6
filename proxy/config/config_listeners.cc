#include <charconv>

#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

constexpr CountRange kConnections{1, 1'000'000};

std::optional<std::uint32_t> parse_mode(std::string_view text) {
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool is_octal = error == std::errc{} && end == text.data() + text.size() && text.size() == 4 && text.front() == '0';
  if (!is_octal || mode > 0777) return std::nullopt;
  return mode;
}

void read_mode(MapReader& section, ListenerConfig& listener) {
  const auto text = section.spelling("mode");
  if (!text) return;
  const auto mode = parse_mode(*text);
  if (!mode) return section.complain("mode", quote(*text) + " is not a file mode: write four octal digits such as \"0660\"");
  if (listener.address.kind == Address::Kind::kTcp)
    return section.complain("mode", "is for unix sockets only: remove it, or listen on unix:/path");
  listener.unix_mode = *mode;
}

void read_name(MapReader& section, ListenerConfig& listener) {
  listener.name = listener.address.text;
  if (!section.text("name", listener.name) || is_label(listener.name)) return;
  section.complain("name", quote(listener.name) + " cannot be a name: write " + std::string(kLabelSpelling));
}

void refuse_plaintext(MapReader& section, const ListenerConfig& listener) {
  if (listener.unsafe_plaintext || listener.tls || listener.address.text.empty() || listener.address.is_loopback()) return;
  section.complain("address", quote(listener.address.text) +
                                  " would take passwords in plain text from other machines: write a tls section, listen on 127.0.0.1, "
                                  "[::1] or unix:/path, or write "
                                  "unsafe_plaintext: true if the network is trusted");
}

void read_tls(MapReader& section, const Folder& folder, ListenerConfig& listener) {
  if (!section.has("tls")) return;
  listener.tls = read_listener_tls(section.section("tls"), folder);
  if (listener.address.kind == Address::Kind::kUnix)
    section.complain("tls", "is for TCP: what goes through a unix socket never leaves the machine; remove the section");
  if (listener.tls->client_identity && !listener.login_as.empty())
    section.complain("login_as", "cannot say who a client is where tls.client_identity does: remove one of them");
}

bool is_endpoint(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  return text.starts_with("vpce-") && text.size() <= kLongest &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

// False: the key is not there.
bool read_peers(MapReader& section, std::string_view key, bool may_name_endpoints, PeerList& list) {
  std::vector<PlacedText> texts;
  if (!section.texts(key, texts)) return false;
  for (PlacedText& item : texts) {
    if (const auto network = IpNetwork::parse(item.text)) {
      list.networks.push_back(*network);
    } else if (may_name_endpoints && is_endpoint(item.text)) {
      list.endpoints.push_back(item.text);
    } else {
      section.complain_at(
          item.at, key,
          quote(item.text) + " is no network: write one like 10.0.0.0/8 or 2001:db8::/32, with no address bit behind the prefix");
    }
    list.texts.push_back(std::move(item.text));
  }
  return true;
}

void read_network(MapReader& section, ListenerConfig& listener) {
  NetworkRules& network = listener.network;
  section.choice<bool>("proxy_protocol", network.requires_header, {{"off", false}, {"require", true}});
  PeerList allowed;
  if (read_peers(section, "allow_from", network.requires_header, allowed)) network.allow_from = std::move(allowed);
  if (section.has_empty_list("allow_from"))
    section.complain("allow_from",
                     "is empty, so nobody could come in: list the networks of your clients, such as [10.0.0.0/8], or leave it "
                     "out for whoever can reach the address");
  read_peers(section, "deny_from", network.requires_header, network.deny_from);
  read_peers(section, "trusted_proxies", false, network.trusted_proxies);
  section.count("max_connections_per_source", network.max_per_source, {0, kConnections.max});
  if (network.requires_header && network.trusted_proxies.empty())
    section.complain("proxy_protocol",
                     "needs trusted_proxies: anybody could claim any address otherwise; list the load balancer's networks");
  if (!network.requires_header && !network.trusted_proxies.empty())
    section.complain("trusted_proxies", "only counts with proxy_protocol: require");
  const bool has_rules = network.allow_from || !network.deny_from.empty() || network.requires_header || network.max_per_source > 0;
  if (listener.address.kind == Address::Kind::kUnix && has_rules)
    section.complain("address", "is a unix socket, where there are no addresses: remove the rules on them; `mode` says who may connect");
}

ListenerConfig read_listener(MapReader& section, const Folder& folder) {
  ListenerConfig listener;
  section.require("address", "address: 127.0.0.1:6380");
  if (auto address = read_address(section, "address", folder)) listener.address = std::move(*address);
  read_name(section, listener);
  read_mode(section, listener);
  section.text("login_as", listener.login_as);
  section.text("user_group", listener.user_group);
  section.count("max_connections", listener.max_connections, kConnections);
  section.flag("unsafe_plaintext", listener.unsafe_plaintext);
  read_tls(section, folder, listener);
  refuse_plaintext(section, listener);
  read_network(section, listener);
  section.finish();
  return listener;
}

}  // namespace

void read_listeners(MapReader& root, const Folder& folder, Config& config) {
  root.require("listeners", "listeners: [{address: 127.0.0.1:6380}]");
  std::vector<MapReader> sections = root.sections("listeners");
  for (MapReader& section : sections) config.listeners.push_back(read_listener(section, folder));
  if (root.has_empty_list("listeners")) root.complain("listeners", "is empty: write at least one, such as - address: 127.0.0.1:6380");
}

}  // namespace respgate::proxy
