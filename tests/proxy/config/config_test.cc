#include "proxy/config/config.h"

#include <cstdint>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/proxy/config_text.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(ConfigTest, FailedLoginsOfLoopbackAndUnixSocketsAreSharedUnlessSaidOtherwise) {
  const AuthFailureLimits defaults = good(kMinimal).limits.auth_failures;
  EXPECT_EQ(defaults.max, 10u);
  EXPECT_EQ(defaults.per, minutes(1));
  EXPECT_EQ(defaults.lockout, minutes(5));
  EXPECT_TRUE(defaults.shared.has_unix_sockets);
  EXPECT_THAT(defaults.shared.texts, ElementsAre("127.0.0.0/8", "::1", "unix:"));
  ASSERT_EQ(defaults.shared.networks.size(), 2u);
  EXPECT_TRUE(defaults.shared.networks[0].contains(*parse_ip("127.1.2.3")));
  EXPECT_TRUE(defaults.shared.networks[1].contains(*parse_ip("::1")));

  const Config config = good(with("limits: {auth_failures: {max: 3, per: 10s, lockout: 1h, shared: [10.0.0.0/8]}}\n"));
  EXPECT_EQ(config.limits.auth_failures.max, 3u);
  EXPECT_EQ(config.limits.auth_failures.per, seconds(10));
  EXPECT_EQ(config.limits.auth_failures.lockout, minutes(60));
  EXPECT_FALSE(config.limits.auth_failures.shared.has_unix_sockets);
  ASSERT_EQ(config.limits.auth_failures.shared.networks.size(), 1u);
  const auto json = nlohmann::json::parse(describe_config(config));
  EXPECT_EQ(json["limits"]["auth_failures"],
            nlohmann::json::parse(R"({"max": 3, "per": "10s", "lockout": "1h", "shared": ["10.0.0.0/8"]})"));
  EXPECT_TRUE(good(with("limits: {auth_failures: {shared: []}}\n")).limits.auth_failures.shared.networks.empty());
}

TEST(ConfigTest, TheMinimalFileIsEnough) {
  const Config config = good(kMinimal);
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.listeners[0].address.port, 6380);
  EXPECT_EQ(config.listeners[0].name, "127.0.0.1:6380");
  EXPECT_EQ(config.listeners[0].max_connections, 10'000u);
  ASSERT_EQ(config.upstream.nodes.size(), 1u);
  EXPECT_EQ(config.users_file, "/etc/respgate/users.acl");
  EXPECT_GE(config.workers, 1u);
  EXPECT_TRUE(config.workers_are_automatic);
  EXPECT_GE(config.limits.memory_bytes, 16u << 20);
  EXPECT_FALSE(config.admin.address.has_value());
  EXPECT_EQ(config.audit.file, "");
  EXPECT_FALSE(config.policy.observe);
  EXPECT_EQ(config.policy.texts, acl::ServerTexts::kRedis72);
  EXPECT_EQ(config.shutdown_grace, seconds(30));
}

TEST(ConfigTest, EveryKeyOfAListenerIsRead) {
  const Config config = good(
      "listeners:\n"
      "  - {name: app, address: \"unix:run/app.sock\", mode: \"0660\", login_as: orders, user_group: g, max_connections: 5}\n"
      "  - {name: open, address: 0.0.0.0:6381, unsafe_plaintext: true}\n"
      "upstream: {nodes: [\"127.0.0.1:6379\"]}\n"
      "users: {file: users.acl, groups: {g: [orders]}}\n");
  ASSERT_EQ(config.listeners.size(), 2u);
  const ListenerConfig& app = config.listeners[0];
  EXPECT_EQ(app.name, "app");
  EXPECT_EQ(app.address.path, "/etc/respgate/run/app.sock");
  EXPECT_EQ(app.unix_mode, 0660u);
  EXPECT_EQ(app.login_as, "orders");
  EXPECT_EQ(app.user_group, "g");
  EXPECT_EQ(app.max_connections, 5u);
  EXPECT_TRUE(config.listeners[1].unsafe_plaintext);
}

TEST(ConfigTest, CredentialsMayBeTokens) {
  const UpstreamCredentials credentials =
      good(with_upstream("credentials: {iam: {user: gate, cache: Orders-1, region: eu-west-1, serverless: true, reauthenticate: 10h}}"))
          .upstream.credentials;
  EXPECT_EQ(credentials.user, "gate");
  ASSERT_TRUE(credentials.iam);
  EXPECT_EQ(credentials.iam->cache.name, "orders-1");
  EXPECT_EQ(credentials.iam->cache.region, "eu-west-1");
  EXPECT_TRUE(credentials.iam->cache.is_serverless);
  EXPECT_EQ(credentials.iam->reauthenticate, std::chrono::hours(10));
  const auto usual = good(with_upstream("credentials: {user: gate, iam: {cache: orders, region: eu-west-1}}")).upstream.credentials.iam;
  EXPECT_FALSE(usual->cache.is_serverless);
  EXPECT_EQ(usual->reauthenticate, std::chrono::hours(11));
}

TEST(ConfigTest, UsersMayHaveCredentialsOfTheirOwn) {
  const Config config = good(
      with_upstream("per_user_credentials: {b: {user: b-up, password_file: pw}, a: {user: a-up, iam: {cache: c, region: us-east-1}}}"));
  ASSERT_EQ(config.upstream.per_user.size(), 2u);
  EXPECT_EQ(config.upstream.per_user[0].principal, "b");
  EXPECT_EQ(config.upstream.per_user[0].credentials.password_file, "/etc/respgate/pw");
  EXPECT_EQ(config.upstream.per_user[1].credentials.iam->cache.name, "c");
  EXPECT_EQ(config.policy.own_identity, (std::vector<std::string>{"b", "a"}));
}

TEST(ConfigTest, UsersMayLogInWithTokens) {
  const Config config = good(with_users("iam: {orders: {access_keys_file: keys, cache: Orders, region: us-east-1, serverless: true}}"));
  ASSERT_EQ(config.iam_users.size(), 1u);
  EXPECT_EQ(config.iam_users[0].principal, "orders");
  EXPECT_EQ(config.iam_users[0].access_keys_file, "/etc/respgate/keys");
  EXPECT_EQ(config.iam_users[0].cache.name, "orders");
  EXPECT_TRUE(config.iam_users[0].cache.is_serverless);
}

TEST(ConfigTest, EveryKeyOfTheUpstreamIsRead) {
  const UpstreamConfig upstream =
      good(with_upstream("credentials: {user: respgate, password_file: secrets/upstream}, lanes_per_worker: 2, "
                         "connect_timeout: 3s, response_timeout: 250ms, dead_peer: 20s, queue_timeout: 2s, "
                         "lane_window: 100, max_lanes: 7, max_pinned_lanes: 9, lane_idle: 5m, command_names: {FLUSHALL: f1ush4ll}, "
                         "sentinel: {mode: strict, every: 7, interval: 20ms}"))
          .upstream;
  EXPECT_EQ(upstream.credentials.user, "respgate");
  EXPECT_EQ(upstream.credentials.password_file, "/etc/respgate/secrets/upstream");
  EXPECT_EQ(upstream.lanes_per_worker, 2u);
  EXPECT_EQ(upstream.connect_timeout, seconds(3));
  EXPECT_EQ(upstream.response_timeout, milliseconds(250));
  EXPECT_EQ(upstream.dead_peer, seconds(20));
  EXPECT_EQ(upstream.queue_timeout, seconds(2));
  EXPECT_EQ(upstream.lane_window, 100u);
  EXPECT_EQ(upstream.max_lanes, 7u);
  EXPECT_EQ(upstream.max_pinned_lanes, 9u);
  EXPECT_EQ(upstream.lane_idle, minutes(5));
  ASSERT_EQ(upstream.command_names.size(), 1u);
  EXPECT_EQ(upstream.command_names[0].from, "flushall");
  EXPECT_EQ(upstream.command_names[0].to, "f1ush4ll");
  EXPECT_EQ(upstream.sentinel.mode, SentinelConfig::Mode::kStrict);
  EXPECT_EQ(upstream.sentinel.every, 7u);
  EXPECT_EQ(upstream.sentinel.interval, milliseconds(20));
}

TEST(ConfigTest, EveryKeyOfAListenersTlsIsRead) {
  const Config config = good(with_listener(
      "tls: {cert_file: a.crt, key_file: a.key, passphrase_file: a.pass, certificates: [{cert_file: b.crt, key_file: b.key}], "
      "min_version: \"1.3\", handshake_timeout: 2s, max_handshakes: 64, client_ca_file: ca.crt, crl_file: ca.crl, client_auth: request, "
      "client_identity: san_dns, identities: {a.test: orders}}"));
  const ListenerTlsConfig& tls = *config.listeners[0].tls;
  ASSERT_EQ(tls.certificates.size(), 2U);
  EXPECT_TRUE(tls.certificates[0].passphrase_file.ends_with("/a.pass") || tls.certificates[0].passphrase_file == "a.pass");
  EXPECT_EQ(std::filesystem::path(tls.certificates[1].key_file).filename(), "b.key");
  EXPECT_EQ(tls.min_version, tls::Version::kTls13);
  EXPECT_EQ(tls.handshake_timeout, std::chrono::seconds(2));
  EXPECT_EQ(tls.max_handshakes, 64U);
  EXPECT_EQ(tls.client_auth, tls::ClientAuth::kRequest);
  EXPECT_EQ(tls.client_identity, tls::IdentityKind::kSanDns);
  EXPECT_THAT(tls.identities, testing::ElementsAre(testing::Pair("a.test", "orders")));
  const auto described = nlohmann::json::parse(describe_config(config))["listeners"][0]["tls"];
  EXPECT_EQ(described["client_identity"], "san_dns");
  EXPECT_EQ(described["identities"]["a.test"], "orders");
  EXPECT_EQ(described["min_version"], "1.3");
}

TEST(ConfigTest, TheUpstreamsTlsVerifiesUnlessToldOtherwise) {
  EXPECT_FALSE(good(with_upstream("")).upstream.tls);
  const UpstreamTlsConfig by_default = *good(with_upstream("tls: {}")).upstream.tls;
  EXPECT_EQ(by_default.verify, tls::Verify::kFull);
  EXPECT_EQ(by_default.ca_file, "");
  EXPECT_EQ(by_default.server_name, "");
  const UpstreamTlsConfig told =
      *good(with_upstream("tls: {ca_file: ca.crt, verify: unsafe_none, server_name: a.test, cert_file: c, key_file: k}")).upstream.tls;
  EXPECT_EQ(std::filesystem::path(told.ca_file).filename(), "ca.crt");
  EXPECT_EQ(told.verify, tls::Verify::kUnsafeNone);
  EXPECT_EQ(told.server_name, "a.test");
  EXPECT_TRUE(told.certificate);
}

TEST(ConfigTest, EveryKeyOfTheCommandsIsRead) {
  const Config config =
      good(with("enforcement: observe\n"
                "commands:\n"
                "  rename: {CONFIG: cfg-9d1f, DEBUG: \"\"}\n"
                "  rules:\n"
                "    - {match: [FLUSHALL, FLUSHDB], users: [admin], action: rewrite, to: [FLUSHDB, ASYNC]}\n"
                "    - {match: [\"CONFIG|SET\"], action: deny, message: use the runbook}\n"
                "    - {match: [\"@dangerous\"], action: observe}\n"
                "  scripts: {mode: allowlist, sha1: [e0e1f9fabfc9d4800c877a703b823ac0578ff8db], functions: [f]}\n"
                "  keyspace: require_all_keys\n"
                "  declare: []\n"
                "  server_texts: \"7.0\"\n"));
  ASSERT_EQ(config.commands.rename.size(), 2u);
  EXPECT_EQ(config.commands.rename[1].to, "");
  ASSERT_EQ(config.commands.rules.size(), 3u);
  EXPECT_THAT(config.commands.rules[0].match, ElementsAre("FLUSHALL", "FLUSHDB"));
  EXPECT_THAT(config.commands.rules[0].users, ElementsAre("admin"));
  EXPECT_EQ(config.commands.rules[0].action, acl::RuleAction::kRewrite);
  EXPECT_THAT(config.commands.rules[0].to, ElementsAre("FLUSHDB", "ASYNC"));
  EXPECT_EQ(config.commands.rules[1].message, "use the runbook");
  EXPECT_EQ(config.commands.rules[2].action, acl::RuleAction::kObserve);
  EXPECT_TRUE(config.policy.observe);
  EXPECT_TRUE(config.policy.require_all_keys_for_keyspace);
  EXPECT_EQ(config.policy.texts, acl::ServerTexts::kRedis70);
  EXPECT_EQ(config.policy.scripts, acl::PolicyOptions::Scripts::kAllowList);
  EXPECT_THAT(config.policy.script_sha1, ElementsAre("e0e1f9fabfc9d4800c877a703b823ac0578ff8db"));
  EXPECT_THAT(config.policy.functions, ElementsAre("f"));
}

TEST(ConfigTest, EveryKeyOfTheLimitsIsRead) {
  const ClientLimits limits =
      good(
          with(
              "limits: {max_bulk_bytes: 1MiB, max_arguments: 1000, unauthenticated: {max_arguments: 9, max_bulk_bytes: 1KiB, timeout: 3s}, "
              "client_output_buffer: 128KiB, memory: 64MiB, lane_stall: 100ms, client_window: 16, idle_timeout: 5m}\n"))
          .limits;
  EXPECT_EQ(limits.max_bulk_bytes, 1u << 20);
  EXPECT_EQ(limits.max_arguments, 1000u);
  EXPECT_EQ(limits.unauthenticated_max_arguments, 9u);
  EXPECT_EQ(limits.unauthenticated_max_bulk_bytes, 1024u);
  EXPECT_EQ(limits.unauthenticated_timeout, seconds(3));
  EXPECT_EQ(limits.client_output_buffer, 128u << 10);
  EXPECT_EQ(limits.memory_bytes, 64u << 20);
  EXPECT_EQ(limits.lane_stall, milliseconds(100));
  EXPECT_EQ(limits.client_window, 16u);
  EXPECT_EQ(limits.idle_timeout, minutes(5));
}

TEST(ConfigTest, EveryKeyOfAuditAdminAndShutdownIsRead) {
  const Config config =
      good(with("audit: {file: logs/audit.jsonl, events: [auth, allowed], on_overflow: deny, keys: plain, key_file: audit-key,\n"
                "        rotate: {size: 1MiB, keep: 3}}\n"
                "admin: {address: 127.0.0.1:9180, token_file: token, health_address: 0.0.0.0:9181, hosts: [respgate.internal]}\n"
                "shutdown: {grace: 5s}\n"
                "workers: 3\n"
                "metrics: {}\n"));
  EXPECT_EQ(config.audit.file, "/etc/respgate/logs/audit.jsonl");
  EXPECT_TRUE(config.audit.auth);
  EXPECT_TRUE(config.audit.allowed);
  EXPECT_FALSE(config.audit.denied);
  EXPECT_EQ(config.audit.keys, AuditConfig::Keys::kPlain);
  EXPECT_EQ(config.audit.on_overflow, AuditConfig::Overflow::kDeny);
  EXPECT_EQ(config.audit.key_file, "/etc/respgate/audit-key");
  EXPECT_EQ(config.audit.rotate.size, 1u << 20);
  EXPECT_EQ(config.audit.rotate.keep, 3u);
  ASSERT_TRUE(config.admin.address.has_value());
  EXPECT_EQ(config.admin.address->port, 9180);
  EXPECT_EQ(config.admin.token_file, "/etc/respgate/token");
  EXPECT_EQ(config.admin.health_address->host, "0.0.0.0");
  EXPECT_THAT(config.admin.hosts, ElementsAre("respgate.internal"));
  EXPECT_EQ(config.shutdown_grace, seconds(5));
  EXPECT_EQ(config.workers, 3u);
  EXPECT_FALSE(config.workers_are_automatic);
}

TEST(ConfigTest, AnAuditFileIsRotatedUnlessItIsLeftToOthers) {
  const AuditConfig audit = good(with("audit: {file: a}\n")).audit;
  EXPECT_EQ(audit.rotate.size, 100u << 20);
  EXPECT_EQ(audit.rotate.keep, 10u);
  EXPECT_EQ(audit.on_overflow, AuditConfig::Overflow::kDrop);
  EXPECT_EQ(audit.key_file, "");
  EXPECT_EQ(good(with("audit: {file: a, rotate: {size: 0B}}\n")).audit.rotate.size, 0u);
}

TEST(ConfigTest, AuditToStdoutIsNoFileName) { EXPECT_EQ(good(with("audit: {file: stdout}\n")).audit.file, "stdout"); }

TEST(ConfigTest, AbsolutePathsStayAsTheyAre) {
  EXPECT_EQ(good("listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: [\"h:1\"]}\nusers: {file: /srv/u.acl}\n").users_file,
            "/srv/u.acl");
}

TEST(ConfigTest, MemoryIsAShareOfTheMachine) {
  const std::size_t half = good(with("limits: {memory: 50%}\n")).limits.memory_bytes;
  const std::size_t whole = good(with("limits: {memory: 100%}\n")).limits.memory_bytes;
  EXPECT_EQ(half, good(kMinimal).limits.memory_bytes);
  EXPECT_GT(whole, half);
}

TEST(ConfigTest, AFileOnDiskIsReadWithItsFolder) {
  const TemporaryDirectory directory;
  const ConfigResult config = load_config(directory.write("r.yaml", kMinimal));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->users_file, (directory.path() / "users.acl").string());
}

TEST(ConfigTest, WhereThingsWereWrittenIsKept) {
  const Config config = good(with_listener("login_as: orders"));
  EXPECT_EQ(config.places.of("listeners[0].login_as"), (Position{1, 49}));
  EXPECT_EQ(config.places.of_key("listeners[0].login_as"), (Position{1, 39}));
  EXPECT_EQ(config.places.of("upstream.nodes[0]"), (Position{2, 20}));
}

TEST(ConfigTest, ThePlaceOfWhatWasNeverWrittenIsThatOfWhatIsAroundIt) {
  const Config config = good(kMinimal);
  EXPECT_EQ(config.places.of("listeners[0].login_as"), config.places.of("listeners[0]"));
  EXPECT_EQ(config.places.of("limits.memory"), (Position{1, 1}));
}

TEST(ConfigTest, TheDescriptionIsWhatWouldBeWritten) {
  const auto json = nlohmann::json::parse(describe_config(good(
      with("limits: {memory: 64MiB, idle_timeout: 90s}\nadmin: {address: 127.0.0.1:9180, token_file: token}\naudit: {file: stdout}\n"))));
  EXPECT_EQ(json["limits"]["memory"], "64MiB");
  EXPECT_EQ(json["limits"]["idle_timeout"], "90s");
  EXPECT_EQ(json["limits"]["unauthenticated"]["max_bulk_bytes"], "16KiB");
  EXPECT_EQ(json["listeners"][0]["address"], "127.0.0.1:6380");
  EXPECT_EQ(json["admin"]["token_file"], "/etc/respgate/token");
  EXPECT_EQ(json["audit"]["events"], nlohmann::json({"auth", "denied", "admin", "reload", "observed"}));
  EXPECT_EQ(json["audit"]["on_overflow"], "drop");
  EXPECT_EQ(json["audit"]["rotate"]["size"], "100MiB");
  EXPECT_EQ(json["audit"]["rotate"]["keep"], 10);
  EXPECT_FALSE(json["audit"].contains("key_file"));
  EXPECT_EQ(json["enforcement"], "enforce");
}

TEST(ConfigTest, TheDescriptionSaysWhatHappensWhenTheAuditIsFull) {
  const auto json = nlohmann::json::parse(describe_config(good(with("audit: {file: a, on_overflow: deny, key_file: key}\n"))));
  EXPECT_EQ(json["audit"]["on_overflow"], "deny");
  EXPECT_EQ(json["audit"]["key_file"], "/etc/respgate/key");
}

TEST(ConfigTest, TheDescriptionNamesSecretFilesAndShowsNothingOfThem) {
  const TemporaryDirectory directory;
  directory.write("pw", "hunter2\n");
  directory.write("token", "hunter3\n");
  const auto config =
      load_config(directory.write("r.yaml", with_upstream("credentials: {password_file: pw}") + "admin: {token_file: token}\n"));
  ASSERT_TRUE(config.has_value());
  const std::string text = describe_config(*config);
  EXPECT_THAT(text, HasSubstr("password_file"));
  EXPECT_THAT(text, Not(HasSubstr("hunter")));
}

TEST(ConfigTest, TheDescriptionSurvivesBytesThatAreNoText) {
  const std::string yaml = with_listener("login_as: \"a\\xff\\x01b\"");
  EXPECT_TRUE(nlohmann::json::accept(describe_config(good(yaml))));
}

}  // namespace
}  // namespace respgate::proxy
