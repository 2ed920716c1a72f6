#include <charconv>

#include "proxy/config_sections.h"

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
  if (listener.unsafe_plaintext || listener.address.text.empty() || listener.address.is_loopback()) return;
  section.complain("address",
                   quote(listener.address.text) +
                       " would take passwords in plain text from other machines: listen on 127.0.0.1, [::1] or unix:/path, or write "
                       "unsafe_plaintext: true if the network is trusted");
}

void refuse_what_is_not_built(MapReader& section) {
  section.not_built("tls", "", "remove the section, and listen on 127.0.0.1, [::1] or unix:/path",
                    {"cert_file", "key_file", "passphrase_file", "certificates", "min_version", "handshake_timeout", "max_handshakes",
                     "client_ca_file", "crl_file", "client_auth", "client_identity", "identities"});
  section.not_built("allow_from", "", "remove it, and keep strangers out with the address or a firewall");
  section.not_built("deny_from", "[]", "remove it, and keep strangers out with the address or a firewall");
  section.not_built("proxy_protocol", "off", "write off");
  section.not_built("trusted_proxies", "[]", "remove it");
  section.not_built("max_connections_per_source", "0", "write 0, which is no limit");
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
  refuse_plaintext(section, listener);
  refuse_what_is_not_built(section);
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
