// What a configuration may not say, row by row: each is one error, with line, column and what to write instead.
#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/config.h"
#include "tests/proxy/config_text.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;

// What stands where in a file, and what its only error says.
struct Refusal {
  enum class In : std::uint8_t { kFile, kMore, kListener, kAddress, kUpstream, kUsers } in;
  const char* yaml;
  const char* error;
};

std::string whole(const Refusal& refusal) {
  switch (refusal.in) {
    case Refusal::In::kMore: return with(refusal.yaml);
    case Refusal::In::kListener: return with_listener(refusal.yaml);
    case Refusal::In::kAddress: return with_address(refusal.yaml);
    case Refusal::In::kUpstream: return with_upstream(refusal.yaml);
    case Refusal::In::kUsers: return with_users(refusal.yaml);
    case Refusal::In::kFile: break;
  }
  return refusal.yaml;
}

class ConfigRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(ConfigRefusalTest, IsOneErrorWithItsPlaceAndAdvice) { EXPECT_THAT(error_of(whole(GetParam())), HasSubstr(GetParam().error)); }

using In = Refusal::In;

constexpr Refusal kKeys[] = {
    {In::kMore, "limit: {}\n", "r.yaml:4:1: unknown key 'limit': did you mean 'limits'?"},
    {In::kMore, "zzzzzzzz: 1\n", "r.yaml:4:1: unknown key 'zzzzzzzz': write one of workers, listeners"},
    {In::kListener, "adress: x", "r.yaml:1:39: unknown key 'adress' in listeners[0]: did you mean 'address'?"},
    {In::kUpstream, "sentinel: {evry: 1}", "unknown key 'evry' in upstream.sentinel: did you mean 'every'?"},
    {In::kUpstream, "node: []", "unknown key 'node' in upstream: did you mean 'nodes'?"},
    {In::kUpstream, "credentials: {usr: a}", "unknown key 'usr' in upstream.credentials: did you mean 'user'?"},
    {In::kUsers, "group: {}", "unknown key 'group' in users: did you mean 'groups'?"},
    {In::kMore, "commands: {rule: []}\n", "r.yaml:4:12: unknown key 'rule' in commands: did you mean 'rules'?"},
    {In::kMore, "commands: {rules: [{match: [GET], action: deny, user: [a]}]}\n",
     "unknown key 'user' in commands.rules[0]: did you mean 'users'?"},
    {In::kListener, "allow_from: [10.0.0.1/8]", "listeners[0].allow_from: '10.0.0.1/8' is no network: write one like 10.0.0.0/8"},
    {In::kListener, "deny_from: [vpce-1]", "listeners[0].deny_from: 'vpce-1' is no network: "},
    {In::kListener, "proxy_protocol: require", "listeners[0].proxy_protocol: needs trusted_proxies: "},
    {In::kListener, "trusted_proxies: [10.0.1.0/24]", "listeners[0].trusted_proxies: only counts with proxy_protocol: require"},
    {In::kListener, "proxy_protocol: require, trusted_proxies: [10.0.0.0/8, vpce-1]",
     "listeners[0].trusted_proxies: 'vpce-1' is no network: "},
    {In::kMore, "commands: {scripts: {mod: deny}}\n", "unknown key 'mod' in commands.scripts: did you mean 'mode'?"},
    {In::kMore, "commands: {scripts: {mode: allowlist, sha1: [ABC]}}\n", "commands.scripts.sha1: 'ABC' is no SHA-1: "},
    {In::kMore, "commands: {scripts: {functions: [f]}}\n", "commands.scripts.mode: the lists of scripts and functions only count with"},
    {In::kMore, "limits: {idletimeout: 1s}\n", "unknown key 'idletimeout' in limits: did you mean 'idle_timeout'?"},
    {In::kMore, "limits: {unauthenticated: {timeot: 1s}}\n", "unknown key 'timeot' in limits.unauthenticated: did you mean 'timeout'?"},
    {In::kMore, "audit: {file: a, rotate: {keeps: 1}}\n", "unknown key 'keeps' in audit.rotate: did you mean 'keep'?"},
    {In::kMore, "audit: {file: stdout, event: []}\n", "unknown key 'event' in audit: did you mean 'events'?"},
    {In::kMore, "metrics: {emf: 1}\n", "unknown key 'emf' in metrics"},
    {In::kMore, "metrics: {cloudwatch_emf: {interval: 60s}}\n", "metrics.cloudwatch_emf.file"},
    {In::kMore, "metrics: {cloudwatch_emf: {file: stdout, interval: 1ms}}\n", "metrics.cloudwatch_emf.interval"},
    {In::kMore, "metrics: {cloudwatch_emf: {file: stdout, namespace: AWS/ElastiCache}}\n", "'AWS/ElastiCache' is no name for a namespace"},
    {In::kMore, "metrics: {cloudwatch_emf: {file: stdout, namespace: \"a b\"}}\n", "'a b' is no name for a namespace"},
    {In::kMore, "metrics: {cloudwatch_emf: {file: stdout}}\naudit: {file: stdout}\n",
     "metrics.cloudwatch_emf.file: 'stdout' is already audit.file"},
    {In::kMore, "admin: {adress: 1}\n", "unknown key 'adress' in admin: did you mean 'address'?"},
    {In::kMore, "shutdown: {grase: 1s}\n", "unknown key 'grase' in shutdown: did you mean 'grace'?"},
    {In::kMore, "workers: auto\nworkers: 2\n", "r.yaml:5:1: duplicate key 'workers', first written in line 4"},
};
INSTANTIATE_TEST_SUITE_P(Keys, ConfigRefusalTest, testing::ValuesIn(kKeys));

constexpr Refusal kMissing[] = {
    {In::kFile, "upstream: {nodes: [\"h:1\"]}\nusers: {file: u}\n", "r.yaml:1:1: listeners: is missing: write listeners:"},
    {In::kFile, "listeners: []\nupstream: {nodes: [\"h:1\"]}\nusers: {file: u}\n", "r.yaml:1:12: listeners: is empty"},
    {In::kFile, "listeners: [{name: a}]\nupstream: {nodes: [\"h:1\"]}\nusers: {file: u}\n",
     "r.yaml:1:13: listeners[0].address: is missing"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nusers: {file: u}\n", "upstream: is missing"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {}\nusers: {file: u}\n", "r.yaml:2:11: upstream.nodes: is missing"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: [\"h:1\"]}\n", "users: is missing: write users: {file: users.acl}"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: [\"h:1\"]}\nusers: {}\n", "users.file: is missing"},
    {In::kMore, "commands: {rules: [{action: deny}]}\n", "commands.rules[0].match: is missing"},
    {In::kMore, "commands: {rules: [{match: [GET]}]}\n", "commands.rules[0].action: is missing"},
    {In::kMore, "audit: {}\n", "audit.file: is missing"},
};
INSTANTIATE_TEST_SUITE_P(Missing, ConfigRefusalTest, testing::ValuesIn(kMissing));

constexpr Refusal kTypes[] = {
    {In::kFile, "[a]", "r.yaml:1:1: a list where a map is wanted"},
    {In::kMore, "limits: 5\n", "r.yaml:4:9: limits: a single value where a map is wanted"},
    {In::kMore, "limits:\n", "r.yaml:4:1: limits: nothing where a map is wanted"},
    {In::kFile, "listeners: {a: b}\nupstream: {nodes: [\"h:1\"]}\nusers: {file: u}\n", "listeners: a map where a list is wanted"},
    {In::kListener, "max_connections: many", "listeners[0].max_connections: 'many' is not a whole number from 1 to 1000000"},
    {In::kListener, "max_connections: \"5\"", "without quotes"},
    {In::kListener, "max_connections: [5]", "a list where a number is wanted"},
    {In::kListener, "unsafe_plaintext: yes", "'yes' is neither yes nor no: write true or false"},
    {In::kListener, "login_as: 5", "'5' is not text to YAML: put it in quotes"},
    {In::kListener, "login_as: true", "put it in quotes"},
    {In::kListener, "login_as: [a]", "a list where text is wanted"},
    {In::kListener, "login_as: ", "nothing where text is wanted"},
    {In::kListener, "allow_from: []", "listeners[0].allow_from: is empty, so nobody could come in: list the networks"},
    {In::kMore, "commands: {rules: [{match: [GET], users: [], action: deny}]}\n", "commands.rules[0].users: is empty"},
    {In::kMore, "commands: {rules: [{match: [GET], groups: [], action: observe}]}\n", "commands.rules[0].groups: is empty"},
    {In::kMore, "commands: {rules: [{match: GET, action: deny}]}\n",
     "commands.rules[0].match: a single value where a list is wanted: write ['GET']"},
    {In::kMore, "commands: {rules: [{match: [[GET]], action: deny}]}\n", "commands.rules[0].match[0]: text is wanted"},
    {In::kMore, "commands: {rename: [a]}\n", "commands.rename: a list where a map is wanted"},
    {In::kMore, "commands: {rename: {CONFIG: 5}}\n", "commands.rename.CONFIG: text is wanted"},
    {In::kUsers, "groups: [a]", "users.groups: a list where a map is wanted"},
    {In::kUsers, "groups: {g: a}", "users.groups.g: a single value where a list is wanted: write ['a']"},
    {In::kUsers, "groups: {g: \"a, b\"}", "users.groups.g: a single value where a list is wanted: write [one, two]"},
    {In::kUsers, "groups: {g: [5]}", "users.groups.g[0]: text is wanted"},
    {In::kMore, "workers: [1]\n", "workers: a list where one value is wanted"},
    {In::kMore, "audit: {file: stdout, events: auth}\n", "audit.events: a single value where a list is wanted"},
};
INSTANTIATE_TEST_SUITE_P(Types, ConfigRefusalTest, testing::ValuesIn(kTypes));

constexpr Refusal kRanges[] = {
    {In::kMore, "workers: 0\n", "workers: '0' is no number of threads: write auto, or 1 to 1024"},
    {In::kMore, "workers: 1025\n", "write auto, or 1 to 1024"},
    {In::kMore, "workers: -1\n", "write auto, or 1 to 1024"},
    {In::kListener, "max_connections: 0", "from 1 to 1000000"},
    {In::kListener, "max_connections: 99999999999999999999", "from 1 to 1000000"},
    {In::kMore, "limits: {auth_failures: {maxx: 10}}\n", "unknown key 'maxx' in limits.auth_failures: did you mean 'max'?"},
    {In::kMore, "limits: {auth_failures: {max: 10001}}\n", "limits.auth_failures.max: '10001' is not a whole number from 0 to 10000"},
    {In::kMore, "limits: {auth_failures: {per: 0s}}\n", "limits.auth_failures.per: '0s' is out of range"},
    {In::kMore, "limits: {auth_failures: {lockout: 25h}}\n", "limits.auth_failures.lockout: '25h' is out of range"},
    {In::kMore, "limits: {auth_failures: {shared: [10.0.0.1/8]}}\n", "limits.auth_failures.shared: '10.0.0.1/8' is no source"},
    {In::kMore, "limits: {auth_failures: {shared: [\"unix:/run/x\"]}}\n", "limits.auth_failures.shared: 'unix:/run/x' is no source"},
    {In::kMore, "limits: {idle_timeout: 5}\n", "limits.idle_timeout: '5' is not a duration: write a number with ms, s, m or h"},
    {In::kMore, "limits: {idle_timeout: 721h}\n", "'721h' is out of range: write a duration from 0s to 720h"},
    {In::kMore, "limits: {lane_stall: 0s}\n", "write a duration from 1ms to 1m"},
    {In::kMore, "limits: {max_bulk_bytes: 64}\n", "'64' is not a size: write a number with B, KiB, MiB or GiB"},
    {In::kMore, "limits: {max_bulk_bytes: 1GiB}\n", "write a size from 16KiB to 512MiB"},
    {In::kMore, "limits: {memory: 0%}\n", "limits.memory: '0%' is no share of memory"},
    {In::kMore, "limits: {memory: 101%}\n", "write 1% to 100%"},
    {In::kMore, "limits: {memory: 1KiB}\n", "or a size from 16MiB up"},
    {In::kMore, "limits: {unauthenticated: {max_arguments: 2}}\n", "from 7 to 1048576"},
    {In::kMore, "limits: {max_arguments: 20, unauthenticated: {max_arguments: 21}}\n", "write at most 20"},
    {In::kMore, "limits: {max_bulk_bytes: 16KiB, unauthenticated: {max_bulk_bytes: 17KiB}}\n", "write at most 16KiB"},
    {In::kMore, "shutdown: {grace: 2h}\n", "shutdown.grace: '2h' is out of range"},
    {In::kMore, "commands: {keyspace: deny}\n", "'deny' is not one of the choices: write allow or require_all_keys"},
    {In::kMore, "commands: {server_texts: \"6.2\"}\n", "write 7.0 or 7.2"},
    {In::kMore, "enforcement: off\n", "enforcement: 'off' is not one of the choices: write enforce or observe"},
    {In::kMore, "audit: {file: stdout, keys: md5}\n", "write none or hash or plain"},
    {In::kMore, "audit: {file: stdout, on_overflow: block}\n", "audit.on_overflow: 'block' is not one of the choices: write drop or deny"},
    {In::kMore, "audit: {file: a, rotate: {size: 64KB}}\n", "audit.rotate.size: '64KB' is not a size"},
    {In::kMore, "audit: {file: a, rotate: {size: 65535B}}\n", "audit.rotate.size: is out of range: write 64KiB or more, or 0B"},
    {In::kMore, "audit: {file: a, rotate: {size: 2048GiB}}\n", "audit.rotate.size: '2048GiB' is out of range"},
    {In::kMore, "audit: {file: a, rotate: {keep: 0}}\n", "audit.rotate.keep: '0' is not a whole number from 1 to 100"},
    {In::kMore, "audit: {file: a, rotate: {keep: 101}}\n", "audit.rotate.keep: '101' is not a whole number from 1 to 100"},
    {In::kMore, "audit: {file: stdout, events: [logins]}\n", "r.yaml:4:32: audit.events: 'logins' is no event: write auth, denied"},
};
INSTANTIATE_TEST_SUITE_P(Ranges, ConfigRefusalTest, testing::ValuesIn(kRanges));

constexpr Refusal kAddresses[] = {
    {In::kAddress, "6380", "r.yaml:1:23: listeners[0].address: '6380' is not an address"},
    {In::kAddress, "0.0.0.0:6380", "listeners[0].address: '0.0.0.0:6380' would take passwords in plain text from other machines"},
    {In::kAddress, "10.0.0.1:6380, unsafe_plaintext: false", "unsafe_plaintext: true if the network is trusted"},
    {In::kAddress, "127.0.0.1:6380, mode: \"0660\"", "listeners[0].mode: is for unix sockets only"},
    {In::kAddress, "\"unix:/s\", mode: \"660\"", "'660' is not a file mode: write four octal digits"},
    {In::kAddress, "\"unix:/s\", mode: \"1777\"", "is not a file mode"},
    {In::kAddress, "\"unix:/s\", mode: \"0680\"", "is not a file mode"},
    {In::kAddress, "127.0.0.1:6380, name: \"a b\"", "listeners[0].name: 'a b' cannot be a name: write 1 to 64 letters"},
    {In::kMore, "admin: {address: 127.0.0.1:6380}\n",
     "admin.address: '127.0.0.1:6380' is already that of listeners[0].address: write another"},
    {In::kMore, "admin: {address: 127.0.0.1:1, health_address: 127.0.0.1:1}\n",
     "admin.health_address: '127.0.0.1:1' is already that of admin.address"},
    {In::kMore, "admin: {address: 0.0.0.0:9180}\n", "admin.address: '0.0.0.0:9180' can be reached from other machines: write token_file"},
    {In::kFile,
     "listeners: [{name: a, address: 127.0.0.1:1}, {name: a, address: 127.0.0.1:2}]\nupstream: {nodes: [\"h:1\"]}\nusers: "
     "{file: u}\n",
     "r.yaml:1:53: listeners[1].name: 'a' is already the name of another listener"},
    {In::kFile,
     "listeners: [{name: a, address: 127.0.0.1:1}, {name: b, address: 127.0.0.1:1}]\nupstream: {nodes: [\"h:1\"]}\nusers: "
     "{file: u}\n",
     "listeners[1].address: '127.0.0.1:1' is already that of listeners[0].address"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: [\"127.0.0.1:1\"]}\nusers: {file: u}\n",
     "r.yaml:2:19: upstream.nodes: '127.0.0.1:1' is respgate's own listeners[0].address"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: [\"h:1\", \"h:2\"]}\nusers: {file: u}\n",
     "r.yaml:2:27: upstream.nodes: one node too many: mode standalone has exactly one node"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: []}\nusers: {file: u}\n",
     "upstream.nodes: is empty: mode standalone"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: [\"h:0\"]}\nusers: {file: u}\n",
     "'h:0' has port 0: write the port"},
    {In::kFile, "listeners: [{address: 127.0.0.1:1}]\nupstream: {nodes: [h]}\nusers: {file: u}\n", "upstream.nodes: 'h' is not an address"},
    {In::kListener, "user_group: nobody", "listeners[0].user_group: there is no group 'nobody'"},
};
INSTANTIATE_TEST_SUITE_P(Addresses, ConfigRefusalTest, testing::ValuesIn(kAddresses));

constexpr Refusal kSecrets[] = {
    {In::kUpstream, "credentials: {iam: {user: a, region: us-east-1}}", "upstream.credentials.iam.cache: is missing: write cache"},
    {In::kUpstream, "credentials: {iam: {user: a, cache: a.b, region: us-east-1}}",
     "upstream.credentials.iam.cache: 'a.b' is no name of a cache"},
    {In::kUpstream, "credentials: {iam: {user: a, cache: c, region: \"Mars!\"}}", "upstream.credentials.iam.region: 'Mars!' is no region"},
    {In::kUpstream, "credentials: {iam: {cache: c, region: us-east-1}}", "upstream.credentials.iam: a token names its user"},
    {In::kUpstream, "credentials: {iam: {user: a, cache: c, region: us-east-1, reauthenticate: 12h}}",
     "reauthenticate: '12h' is out of range"},
    {In::kUpstream, "credentials: {user: a, password_file: p, iam: {cache: c, region: us-east-1}}", "write iam or password_file, not both"},
    {In::kUpstream, "per_user_credentials: {a: {user: a-up}}", "upstream.per_user_credentials.a.user: a user without a password"},
    {In::kUpstream, "per_user_credentials: {a: {password_file: p}}", "upstream.per_user_credentials.a.user: is missing: write user: NAME"},
    {In::kUpstream, "per_user_credentials: {a: {user: default, password_file: p}}",
     "upstream.per_user_credentials.a: has the proxy's own user"},
    {In::kUpstream, "credentials: {user: g, password_file: p}, per_user_credentials: {a: {user: g, password_file: q}}",
     "upstream.per_user_credentials.a: has the proxy's own user"},
    {In::kUpstream, "per_user_credentials: {a: {}}", "upstream.per_user_credentials.a.user: is missing"},
    {In::kUsers, "iam: {a: {cache: c, region: us-east-1}}", "access_keys_file"},
    {In::kUpstream, "credentials: {user: a}", "upstream.credentials.user: a user without a password: write password_file"},
    {In::kUpstream, "credentials: {password: hunter2}", "upstream.credentials.password: secrets do not stand here"},
    {In::kMore, "admin: {token: hunter2}\n", "admin.token: secrets do not stand here"},
    {In::kUpstream, "credentials: {password_file: \"${HOME}/pw\"}", "variables (${NAME}) are not expanded"},
};
INSTANTIATE_TEST_SUITE_P(Secrets, ConfigRefusalTest, testing::ValuesIn(kSecrets));

constexpr Refusal kCommands[] = {
    {In::kMore, "commands: {rules: [{match: [GET, NOSUCH], action: deny}]}\n", "r.yaml:4:34: commands.rules[0].match: unknown command"},
    {In::kMore, "commands: {rules: [{match: [\"@nosuch\"], action: deny}]}\n", "r.yaml:4:29: commands.rules[0].match: unknown category"},
    {In::kMore, "commands: {rules: [{match: [GET], groups: [g], action: deny}]}\n", "r.yaml:4:44: commands.rules[0].groups: unknown group"},
    {In::kMore, "commands: {rules: [{match: [GET], action: rewrite}]}\n", "commands.rules[0].to: "},
    {In::kMore, "commands: {rules: [{match: [GET], action: deny, to: [PING]}]}\n", "r.yaml:4:54: commands.rules[0].to: "},
    {In::kMore, "commands: {rules: [{match: [GET], action: observe, message: x}]}\n", "r.yaml:4:61: commands.rules[0].message: "},
    {In::kMore, "commands: {rename: {NOSUCH: x}}\n", "r.yaml:4:21: commands.rename.NOSUCH: unknown command"},
    {In::kMore, "commands: {rename: {CONFIG: get}}\n", "r.yaml:4:29: commands.rename.CONFIG: "},
    {In::kUpstream, "command_names: {NOSUCH: x}", "upstream.command_names: 'NOSUCH' is not a command"},
    {In::kUpstream, "command_names: {\"CONFIG|SET\": x}", "is not a command"},
    {In::kUpstream, "command_names: {GET: a, get: b}", "'get' is there twice"},
    {In::kUsers, "groups: {\"a b\": []}", "users.groups: 'a b' cannot be a name"},
    {In::kUsers, "groups: {g: [a, b, a]}", "users.groups.g: 'a' is there twice: remove one of them"},
};
INSTANTIATE_TEST_SUITE_P(Commands, ConfigRefusalTest, testing::ValuesIn(kCommands));

constexpr Refusal kTls[] = {
    {In::kListener, "tls: {key_file: b}", "listeners[0].tls.cert_file: is missing: write cert_file: tls/server.crt"},
    {In::kListener, "tls: {cert_file: a, key_file: b, cert_fil: c}",
     "unknown key 'cert_fil' in listeners[0].tls: did you mean 'cert_file'?"},
    {In::kListener, "tls: {cert_file: \"\", key_file: b}", "listeners[0].tls.cert_file: is empty"},
    {In::kListener, "tls: {cert_file: a, key_file: b, certificates: [{cert_file: c}]}",
     "listeners[0].tls.certificates[0].key_file: is missing"},
    {In::kListener, "tls: {cert_file: a, key_file: b, min_version: \"1.1\"}",
     "listeners[0].tls.min_version: '1.1' is not one of the choices"},
    {In::kListener, "tls: {cert_file: a, key_file: b, max_handshakes: 0}", "listeners[0].tls.max_handshakes: "},
    {In::kListener, "tls: {cert_file: a, key_file: b, client_auth: require}", "listeners[0].tls.client_auth: needs client_ca_file"},
    {In::kListener, "tls: {cert_file: a, key_file: b, client_ca_file: c}", "listeners[0].tls.client_ca_file: only counts with client_auth"},
    {In::kListener, "tls: {cert_file: a, key_file: b, client_identity: cn}", "client_identity: needs client certificates"},
    {In::kListener, "login_as: a, tls: {cert_file: a, key_file: b, client_auth: require, client_ca_file: c, client_identity: cn}",
     "listeners[0].login_as: cannot say who a client is"},
    {In::kAddress, "unix:/s, tls: {cert_file: a, key_file: b}", "listeners[0].tls: is for TCP"},
    {In::kUpstream, "tls: {verify: none}", "upstream.tls.verify: 'none' is not one of the choices: write full or chain or unsafe_none"},
    {In::kUpstream, "tls: {cert_file: a}", "upstream.tls.cert_file: a certificate goes with its key"},
};
INSTANTIATE_TEST_SUITE_P(Tls, ConfigRefusalTest, testing::ValuesIn(kTls));

TEST(ConfigErrorsTest, WithTlsAListenerMayBeReachedFromOtherMachines) {
  good(
      "listeners: [{address: 0.0.0.0:6380, tls: {cert_file: a, key_file: b}}]\n"
      "upstream: {nodes: [\"127.0.0.1:6379\"]}\nusers: {file: users.acl}\n");
}

constexpr Refusal kNotBuilt[] = {
    {In::kUpstream, "mode: cluster", "upstream.mode: is not built yet: write standalone"},
    {In::kUpstream, "replicas: [\"h:1\"]", "upstream.replicas: is not built yet: "},
    {In::kUpstream, "read_from: replica", "upstream.read_from: is not built yet: write primary"},
    {In::kMore, "commands: {declare: [{name: a}]}\n", "commands.declare: is not built yet: "},
};
INSTANTIATE_TEST_SUITE_P(NotBuilt, ConfigRefusalTest, testing::ValuesIn(kNotBuilt));

TEST(ConfigErrorsTest, WhatIsNotBuiltMaySayWhatHappensAnyway) {
  good(with_listener("proxy_protocol: off, deny_from: [], trusted_proxies: [], max_connections_per_source: 0"));
  good(with_upstream("mode: standalone, replicas: [], read_from: primary, per_user_credentials: {}, credentials: {}"));
  good(with_users("iam: {}"));
  good(with("commands: {scripts: {mode: deny, sha1: [], functions: []}, declare: []}\n"));
}

TEST(ConfigErrorsTest, AllErrorsAreListedInTheOrderOfTheFile) {
  const auto errors = errors_of(
      "workers: none\n"
      "listeners:\n"
      "  - {address: 0.0.0.0:1, max_connections: 0}\n"
      "  - {adress: 127.0.0.1:2}\n"
      "upstream: {nodes: [h], connect_timeout: 5}\n"
      "users: {file: 5}\n"
      "limits: {memory: much, idle_timeout: 1d}\n");
  ASSERT_EQ(errors.size(), 10u) << testing::PrintToString(errors);
  const char* starts[] = {"r.yaml:1:10: ", "r.yaml:3:15: ", "r.yaml:3:43: ", "r.yaml:4:5: ",  "r.yaml:4:6: ",
                          "r.yaml:5:20: ", "r.yaml:5:41: ", "r.yaml:6:15: ", "r.yaml:7:18: ", "r.yaml:7:38: "};
  for (std::size_t i = 0; i < errors.size(); ++i) EXPECT_THAT(errors[i], testing::StartsWith(starts[i]));
}

TEST(ConfigErrorsTest, EveryKeyThatThereWillBeIsKnown) {
  const auto errors = errors_of(R"(
workers: auto
listeners:
  - name: gateway
    address: 127.0.0.1:6380
    tls:
      cert_file: a
      key_file: b
      passphrase_file: p
      certificates: []
      min_version: "1.2"
      handshake_timeout: 5s
      max_handshakes: 256
      client_ca_file: c
      crl_file: ""
      client_auth: require
      client_identity: san_uri
      identities: {a: orders}
    allow_from: [10.0.0.0/8]
    deny_from: [10.1.0.0/16]
    proxy_protocol: require
    trusted_proxies: [10.0.1.0/24]
    user_group: g
    max_connections: 10000
    max_connections_per_source: 1
upstream:
  mode: cluster
  nodes: ["h:1"]
  replicas: ["h:2"]
  read_from: replica
  tls: {ca_file: system, verify: full, server_name: auto, cert_file: "", key_file: ""}
  credentials: {iam: {user: respgate, cache: orders, region: us-east-1, serverless: false}}
  per_user_credentials: {orders: {user: orders, password_file: pw}}
  sentinel: {every: 1000, interval: 100ms, mode: on}
users:
  file: users.acl
  groups: {g: [orders]}
  iam: {orders: {access_keys_file: keys, cache: orders, region: us-east-1}}
commands:
  declare: [{name: json.get}]
limits:
  auth_failures: {max: 10, per: 1m, lockout: 5m, shared: [127.0.0.0/8, "unix:"]}
audit:
  file: stdout
  on_overflow: deny
  key_file: secrets/audit-key
  rotate: {size: 100MiB, keep: 10}
)");
  EXPECT_EQ(errors.size(), 4u) << testing::PrintToString(errors);
  for (const std::string& error : errors) EXPECT_THAT(error, HasSubstr(" is not built yet: "));
}

TEST(ConfigErrorsTest, TokensDoNotTravelInPlainText) {
  const auto upstream = [](const std::string& node, const std::string& more) {
    return "listeners: [{address: 127.0.0.1:6380}]\nupstream: {nodes: [\"" + node +
           "\"], credentials: {iam: {user: a, cache: c, region: us-east-1}}" + more + "}\nusers: {file: users.acl}\n";
  };
  EXPECT_THAT(error_of(upstream("redis:6379", "")), HasSubstr("upstream.credentials: an IAM token in plain text"));
  for (const char* node : {"127.0.0.1:6379", "[::1]:6379", "localhost:6379", "unix:/run/redis.sock"}) good(upstream(node, ""));
  good(upstream("redis:6379", ", tls: {}"));
}

TEST(ConfigErrorsTest, AFileThatIsNotYamlIsOneError) { EXPECT_THAT(error_of("listeners: [\n"), HasSubstr("not YAML")); }

TEST(ConfigErrorsTest, AMissingFileIsOneError) {
  const ConfigResult config = load_config("/nonexistent/r.yaml");
  ASSERT_FALSE(config.has_value());
  ASSERT_EQ(config.error().errors.size(), 1u);
  EXPECT_THAT(to_string(config.error().errors[0]),
              testing::StartsWith("/nonexistent/r.yaml: cannot be opened (No such file or directory)"));
}

TEST(ConfigErrorsTest, AFileThatOthersMayWriteIsRefused) {
  const TemporaryDirectory directory;
  const ConfigResult config = load_config(directory.write("r.yaml", kMinimal, 0666));
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(to_string(config.error().errors.at(0)), HasSubstr("chmod go-w"));
}

TEST(ConfigErrorsTest, AnErrorShowsNoValueOfAKeyItDoesNotKnow) {
  EXPECT_THAT(error_of(with_upstream("credentials: {passwd: hunter2}")), Not(HasSubstr("hunter2")));
  EXPECT_THAT(error_of(with_upstream("credentials: {password: hunter2}")), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace respgate::proxy
