#include <cstdio>

#include <nlohmann/json.hpp>

#include "proxy/common/units.h"
#include "proxy/config/config.h"

// The effective configuration, spelled as respgate.yaml spells it.  Names of secret
// files are shown; their contents are not part of Config and cannot be.

namespace respgate::proxy {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(tls::ClientAuth auth) {
  constexpr std::string_view kNames[] = {"none", "request", "require"};
  return kNames[static_cast<std::size_t>(auth)];
}

std::string_view name_of(const std::optional<tls::IdentityKind>& kind) {
  constexpr std::string_view kNames[] = {"cn", "san_dns", "san_uri"};
  return kind ? kNames[static_cast<std::size_t>(*kind)] : "none";
}

std::string_view name_of(tls::Verify verify) {
  constexpr std::string_view kNames[] = {"full", "chain", "unsafe_none"};
  return kNames[static_cast<std::size_t>(verify)];
}

Json describe(const CertificateConfig& certificate) {
  Json out{{"cert_file", certificate.cert_file}, {"key_file", certificate.key_file}};
  if (!certificate.passphrase_file.empty()) out["passphrase_file"] = certificate.passphrase_file;
  return out;
}

Json describe(const ListenerTlsConfig& tls) {
  Json out = describe(tls.certificates.front());
  Json more = Json::array();
  for (std::size_t i = 1; i < tls.certificates.size(); ++i) more.push_back(describe(tls.certificates[i]));
  out["certificates"] = std::move(more);
  out["min_version"] = tls.min_version == tls::Version::kTls13 ? "1.3" : "1.2";
  out["handshake_timeout"] = spell_duration(tls.handshake_timeout);
  out["max_handshakes"] = tls.max_handshakes;
  out["client_auth"] = name_of(tls.client_auth);
  if (tls.client_auth == tls::ClientAuth::kNone) return out;
  out["client_ca_file"] = tls.client_ca_file;
  out["crl_file"] = tls.crl_file;
  out["client_identity"] = name_of(tls.client_identity);
  Json identities = Json::object();
  for (const auto& [identity, user] : tls.identities) identities[identity] = user;
  if (tls.client_identity) out["identities"] = std::move(identities);
  return out;
}

Json describe(const UpstreamTlsConfig& tls) {
  Json out{{"ca_file", tls.ca_file.empty() ? "system" : tls.ca_file},
           {"verify", name_of(tls.verify)},
           {"server_name", tls.server_name.empty() ? "auto" : tls.server_name}};
  if (tls.certificate) out.update(describe(*tls.certificate));
  return out;
}

Json describe(const ListenerConfig& listener) {
  Json out{{"name", listener.name}, {"address", listener.address.text}};
  if (listener.address.kind == Address::Kind::kUnix) {
    char mode[8] = {};
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(listener.unix_mode));
    out["mode"] = mode;
  }
  if (!listener.login_as.empty()) out["login_as"] = listener.login_as;
  if (!listener.user_group.empty()) out["user_group"] = listener.user_group;
  if (listener.tls) out["tls"] = describe(*listener.tls);
  out["max_connections"] = listener.max_connections;
  out["unsafe_plaintext"] = listener.unsafe_plaintext;
  if (listener.address.kind == Address::Kind::kUnix) return out;
  const NetworkRules& network = listener.network;
  if (network.allow_from) out["allow_from"] = network.allow_from->texts;
  out["deny_from"] = network.deny_from.texts;
  out["proxy_protocol"] = network.requires_header ? "require" : "off";
  if (network.requires_header) out["trusted_proxies"] = network.trusted_proxies.texts;
  out["max_connections_per_source"] = network.max_per_source;
  return out;
}

Json describe(const std::vector<acl::RenameText>& renames) {
  Json out = Json::object();
  for (const acl::RenameText& rename : renames) out[rename.from] = rename.to;
  return out;
}

std::string_view sentinel_mode_name(SentinelConfig::Mode mode) {
  switch (mode) {
    case SentinelConfig::Mode::kOff: return "off";
    case SentinelConfig::Mode::kOn: return "on";
    case SentinelConfig::Mode::kStrict: return "strict";
  }
  return "";
}

Json describe(const IamCache& cache) { return {{"cache", cache.name}, {"region", cache.region}, {"serverless", cache.is_serverless}}; }

Json describe(const UpstreamCredentials& credentials) {
  Json out = Json::object();
  if (!credentials.user.empty()) out["user"] = credentials.user;
  if (!credentials.password_file.empty()) out["password_file"] = credentials.password_file;
  if (!credentials.iam) return out;
  out["iam"] = describe(credentials.iam->cache);
  out["iam"]["reauthenticate"] = spell_duration(credentials.iam->reauthenticate);
  return out;
}

Json describe(const UpstreamConfig& upstream) {
  Json nodes = Json::array();
  for (const Address& node : upstream.nodes) nodes.push_back(node.text);
  Json per_user = Json::object();
  for (const OwnCredentials& own : upstream.per_user) per_user[own.principal] = describe(own.credentials);
  Json out{{"mode", "standalone"}, {"nodes", nodes}};
  if (upstream.tls) out["tls"] = describe(*upstream.tls);
  out.update(Json{{"credentials", describe(upstream.credentials)},
                  {"per_user_credentials", per_user},
                  {"lanes_per_worker", upstream.lanes_per_worker},
                  {"connect_timeout", spell_duration(upstream.connect_timeout)},
                  {"response_timeout", spell_duration(upstream.response_timeout)},
                  {"dead_peer", spell_duration(upstream.dead_peer)},
                  {"queue_timeout", spell_duration(upstream.queue_timeout)},
                  {"lane_window", upstream.lane_window},
                  {"max_lanes", upstream.max_lanes},
                  {"max_pinned_lanes", upstream.max_pinned_lanes},
                  {"lane_idle", spell_duration(upstream.lane_idle)},
                  {"sentinel",
                   {{"mode", sentinel_mode_name(upstream.sentinel.mode)},
                    {"every", upstream.sentinel.every},
                    {"interval", spell_duration(upstream.sentinel.interval)}}},
                  {"command_names", describe(upstream.command_names)}});
  return out;
}

Json describe_users(const Config& config) {
  Json groups = Json::object();
  for (const acl::CommandRules::Group& group : config.groups) groups[group.name] = group.members;
  Json iam = Json::object();
  for (const IamUserConfig& user : config.iam_users) {
    iam[user.principal] = describe(user.cache);
    iam[user.principal]["access_keys_file"] = user.access_keys_file;
  }
  return {{"file", config.users_file}, {"groups", groups}, {"iam", iam}};
}

Json describe(const acl::CommandRuleText& rule) {
  Json out{{"match", rule.match}};
  if (!rule.users.empty()) out["users"] = rule.users;
  if (!rule.groups.empty()) out["groups"] = rule.groups;
  out["action"] = acl::rule_action_name(rule.action);
  if (!rule.to.empty()) out["to"] = rule.to;
  if (!rule.message.empty()) out["message"] = rule.message;
  return out;
}

Json describe_scripts(const acl::PolicyOptions& policy) {
  using Scripts = acl::PolicyOptions::Scripts;
  if (policy.scripts != Scripts::kAllowList) return {{"mode", policy.scripts == Scripts::kAllow ? "allow" : "deny"}};
  return {{"mode", "allowlist"}, {"sha1", policy.script_sha1}, {"functions", policy.functions}};
}

Json describe_commands(const Config& config) {
  Json rules = Json::array();
  for (const acl::CommandRuleText& rule : config.commands.rules) rules.push_back(describe(rule));
  return {{"rename", describe(config.commands.rename)},
          {"rules", rules},
          {"scripts", describe_scripts(config.policy)},
          {"keyspace", config.policy.require_all_keys_for_keyspace ? "require_all_keys" : "allow"},
          {"server_texts", config.policy.texts == acl::ServerTexts::kRedis70 ? "7.0" : "7.2"}};
}

Json describe(const AuthFailureLimits& limits) {
  return {{"max", limits.max},
          {"per", spell_duration(limits.per)},
          {"lockout", spell_duration(limits.lockout)},
          {"shared", limits.shared.texts}};
}

Json describe(const ClientLimits& limits) {
  return {{"max_bulk_bytes", spell_size(limits.max_bulk_bytes)},
          {"max_arguments", limits.max_arguments},
          {"unauthenticated",
           {{"max_arguments", limits.unauthenticated_max_arguments},
            {"max_bulk_bytes", spell_size(limits.unauthenticated_max_bulk_bytes)},
            {"timeout", spell_duration(limits.unauthenticated_timeout)}}},
          {"client_output_buffer", spell_size(limits.client_output_buffer)},
          {"memory", spell_size(limits.memory_bytes)},
          {"lane_stall", spell_duration(limits.lane_stall)},
          {"client_window", limits.client_window},
          {"idle_timeout", spell_duration(limits.idle_timeout)},
          {"auth_failures", describe(limits.auth_failures)}};
}

Json describe(const AuditConfig& audit) {
  Json events = Json::array();
  if (audit.auth) events.push_back("auth");
  if (audit.denied) events.push_back("denied");
  if (audit.admin) events.push_back("admin");
  if (audit.reload) events.push_back("reload");
  if (audit.observed) events.push_back("observed");
  if (audit.allowed) events.push_back("allowed");
  const bool hash = audit.keys == AuditConfig::Keys::kHash;
  const char* keys = hash ? "hash" : audit.keys == AuditConfig::Keys::kPlain ? "plain" : "none";
  Json out{{"file", audit.file},
           {"events", events},
           {"on_overflow", audit.on_overflow == AuditConfig::Overflow::kDeny ? "deny" : "drop"},
           {"rotate", {{"size", spell_size(audit.rotate.size)}, {"keep", audit.rotate.keep}}},
           {"keys", keys}};
  if (!audit.key_file.empty()) out["key_file"] = audit.key_file;
  return out;
}

Json describe(const EmfConfig& emf) {
  return {{"cloudwatch_emf", {{"file", emf.file}, {"namespace", emf.name_space}, {"interval", spell_duration(emf.interval)}}}};
}

Json describe(const AdminConfig& admin) {
  Json out = Json::object();
  if (admin.address) out["address"] = admin.address->text;
  if (!admin.token_file.empty()) out["token_file"] = admin.token_file;
  if (admin.health_address) out["health_address"] = admin.health_address->text;
  out["hosts"] = admin.hosts;
  return out;
}

}  // namespace

std::string describe_config(const Config& config) {
  Json listeners = Json::array();
  for (const ListenerConfig& listener : config.listeners) listeners.push_back(describe(listener));
  Json out{{"workers", config.workers},
           {"listeners", listeners},
           {"upstream", describe(config.upstream)},
           {"users", describe_users(config)},
           {"commands", describe_commands(config)},
           {"enforcement", config.policy.observe ? "observe" : "enforce"},
           {"limits", describe(config.limits)}};
  if (!config.audit.file.empty()) out["audit"] = describe(config.audit);
  if (config.emf) out["metrics"] = describe(*config.emf);
  if (config.admin.address || config.admin.health_address) out["admin"] = describe(config.admin);
  out["shutdown"] = {{"grace", spell_duration(config.shutdown_grace)}};
  if (!config.takeover_socket.empty()) out["shutdown"]["takeover_socket"] = config.takeover_socket;
  // Names may hold bytes that are no UTF-8; a strict dump would throw on them.
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace respgate::proxy
