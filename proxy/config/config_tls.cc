// The two `tls` sections: of a listener, and of the upstream.
#include "proxy/config/config_sections.h"

namespace respgate::proxy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A file that need not be there: "" is none.
void read_optional_path(MapReader& section, std::string_view key, const Folder& folder, std::string& out) {
  if (section.spelling(key) != "") read_path(section, key, folder, out);
}

// One certificate and its key, at the top of a section or in a list.
CertificateConfig read_certificate(MapReader& section, const Folder& folder) {
  CertificateConfig certificate;
  read_path(section, "cert_file", folder, certificate.cert_file);
  read_path(section, "key_file", folder, certificate.key_file);
  read_optional_path(section, "passphrase_file", folder, certificate.passphrase_file);
  return certificate;
}

void read_certificates(MapReader& section, const Folder& folder, ListenerTlsConfig& tls) {
  section.require("cert_file", "cert_file: tls/server.crt");
  section.require("key_file", "key_file: tls/server.key");
  tls.certificates.push_back(read_certificate(section, folder));
  for (MapReader& more : section.sections("certificates")) {
    more.require("cert_file", "cert_file: tls/other.crt");
    more.require("key_file", "key_file: tls/other.key");
    tls.certificates.push_back(read_certificate(more, folder));
    more.finish();
  }
}

void read_identities(MapReader& section, ListenerTlsConfig& tls) {
  using Kind = std::optional<tls::IdentityKind>;
  section.choice<Kind>("client_identity", tls.client_identity,
                       {{"none", std::nullopt},
                        {"cn", tls::IdentityKind::kCommonName},
                        {"san_dns", tls::IdentityKind::kSanDns},
                        {"san_uri", tls::IdentityKind::kSanUri}});
  std::vector<PlacedPair> identities;
  section.pairs("identities", identities);
  for (PlacedPair& pair : identities) tls.identities.emplace_back(std::move(pair.key.text), std::move(pair.value.text));
  if (tls.client_identity && tls.client_auth == tls::ClientAuth::kNone)
    section.complain("client_identity", "needs client certificates: write client_auth: require, or request where some clients have none");
  if (!tls.client_identity && !tls.identities.empty())
    section.complain("identities", "only count with client_identity: write cn, san_dns or san_uri");
}

void read_client_certificates(MapReader& section, const Folder& folder, ListenerTlsConfig& tls) {
  using tls::ClientAuth;
  section.choice<ClientAuth>("client_auth", tls.client_auth,
                             {{"none", ClientAuth::kNone}, {"request", ClientAuth::kRequest}, {"require", ClientAuth::kRequire}});
  read_optional_path(section, "client_ca_file", folder, tls.client_ca_file);
  read_optional_path(section, "crl_file", folder, tls.crl_file);
  const bool is_asked = tls.client_auth != ClientAuth::kNone;
  if (is_asked && tls.client_ca_file.empty())
    section.complain("client_auth", "needs client_ca_file: the authorities whose certificates are good");
  for (const auto& [key, file] : {std::pair{"client_ca_file", &tls.client_ca_file}, {"crl_file", &tls.crl_file}})
    if (!is_asked && !file->empty()) section.complain(key, "only counts with client_auth: write request or require");
  read_identities(section, tls);
}

}  // namespace

ListenerTlsConfig read_listener_tls(MapReader section, const Folder& folder) {
  ListenerTlsConfig tls;
  read_certificates(section, folder, tls);
  section.choice<tls::Version>("min_version", tls.min_version, {{"1.2", tls::Version::kTls12}, {"1.3", tls::Version::kTls13}});
  section.duration("handshake_timeout", tls.handshake_timeout, {Milliseconds(100), minutes(1)});
  section.count("max_handshakes", tls.max_handshakes, {1, 100'000});
  read_client_certificates(section, folder, tls);
  section.finish();
  return tls;
}

UpstreamTlsConfig read_upstream_tls(MapReader section, const Folder& folder) {
  UpstreamTlsConfig tls;
  std::string ca;
  if (section.text("ca_file", ca) && ca != "system") read_path(section, "ca_file", folder, tls.ca_file);
  section.choice<tls::Verify>("verify", tls.verify,
                              {{"full", tls::Verify::kFull}, {"chain", tls::Verify::kChain}, {"unsafe_none", tls::Verify::kUnsafeNone}});
  if (section.text("server_name", tls.server_name) && tls.server_name == "auto") tls.server_name.clear();
  CertificateConfig own;
  read_optional_path(section, "cert_file", folder, own.cert_file);
  read_optional_path(section, "key_file", folder, own.key_file);
  read_optional_path(section, "passphrase_file", folder, own.passphrase_file);
  if (own.cert_file.empty() != own.key_file.empty())
    section.complain(own.cert_file.empty() ? "key_file" : "cert_file", "a certificate goes with its key: write cert_file and key_file");
  else if (!own.cert_file.empty())
    tls.certificate = std::move(own);
  section.finish();
  return tls;
}

}  // namespace respgate::proxy
