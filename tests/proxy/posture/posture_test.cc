#include "proxy/posture/posture.h"

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/common/clock.h"
#include "proxy/posture/command_reach.h"
#include "tests/proxy/temporary_directory.h"
#include "tls/certificate.h"
#include "tls/throwaway.h"

namespace respgate::proxy {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kHash = "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";  // of "secret"
constexpr const char* kLoopback = "{address: \"127.0.0.1:6380\", name: main}";
constexpr const char* kGoodUsers =
    "user admin on >XV2fhK1Qu0admin ~* &* +@all\n"
    "user app on >XV2fhK1Qu0app ~app:* +@all -@dangerous -@admin\n";

// A configuration by its parts; what is not given is in order.
struct Setting {
  std::string listeners = kLoopback;
  std::string upstream = "nodes: [\"127.0.0.1:6379\"], credentials: {user: respgate, password_file: upstream}";
  std::string users = "file: users.acl";
  std::string acl = kGoodUsers;
  std::string more = "audit: {file: stdout}\nadmin: {address: \"127.0.0.1:9180\"}\ncommands: {keyspace: require_all_keys}\n";
};

class PostureTest : public testing::Test {
 protected:
  PostureTest() {
    directory_.write("upstream", "pw\n");
    directory_.write("token", "a-token-that-nobody-guesses\n");
    directory_.write("chain", std::string(64, 'a') + "\n");
    const tls::ThrowawayCertificate made = tls::make_throwaway_certificate();
    directory_.write("s.crt", made.certificate);
    directory_.write("s.key", made.key);
    directory_.write("ca.crt", made.authority);
  }

  std::vector<std::string> report(const Setting& setting, std::int64_t now_s = unix_s()) {
    directory_.write("users.acl", setting.acl, users_mode_);
    const std::string yaml =
        "listeners: [" + setting.listeners + "]\nupstream: {" + setting.upstream + "}\nusers: {" + setting.users + "}\n" + setting.more;
    const ConfigResult config = load_config(directory_.write("r.yaml", yaml));
    if (!config) return ADD_FAILURE() << to_string(config.error().errors.front()) << "\n" << yaml, std::vector<std::string>();
    const SnapshotResult snapshot = load_snapshot(*config, 1);
    if (!snapshot) return ADD_FAILURE() << to_string(snapshot.error().errors.front()), std::vector<std::string>();
    std::vector<std::string> lines;
    for (const Finding& finding : posture_of(**snapshot, now_s)) lines.push_back(to_line(finding));
    return lines;
  }

  // When s.crt ends.
  std::int64_t certificate_end() const {
    tls::CertificateOptions own;
    own.certificate = {"s.crt", read_whole(directory_.file("s.crt"))};
    own.key = {"s.key", read_whole(directory_.file("s.key"))};
    std::vector<tls::Problem> problems;
    return tls::facts_of(*tls::read_chain(own, unix_s(), problems).leaf, "s.crt").not_after;
  }

  // The line is there, and after the remedy it is not.
  void expect_remedy(const Setting& bad, const Setting& good, const std::string& line) {
    EXPECT_THAT(report(bad), Contains(StartsWith(line)));
    EXPECT_THAT(report(good), Not(Contains(StartsWith(line))));
  }

  TemporaryDirectory directory_;
  mode_t users_mode_ = 0600;
};

TEST_F(PostureTest, WhatIsInOrderIsOkInAllSevenQuestions) {
  const std::vector<std::string> lines = report({});
  std::set<std::string> questions;
  for (const std::string& line : lines) questions.insert(line.substr(0, 5));
  EXPECT_EQ(questions, (std::set<std::string>{"SEC 1", "SEC 2", "SEC 3", "SEC 4", "SEC 5", "SEC 6", "SEC 7"}));
  EXPECT_THAT(lines, Each(HasSubstr("  ok    ")));
  EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.substr(0, 5) < b.substr(0, 5); }));
}

TEST_F(PostureTest, TheSameSnapshotGivesTheSameReport) {
  Setting setting;
  setting.acl = "user a on >x1 ~a:* +@all\nuser b on >x2 ~b:* +@all\nuser c on >x3 ~c:* +info\nuser d on >x4 ~d:* +info\n";
  const auto once = report(setting), again = report(setting);
  EXPECT_EQ(once, again);
}

TEST_F(PostureTest, ALineSaysWhatWhyAndWhatToWrite) {
  EXPECT_EQ(to_line({2, Finding::Level::kFail, "user a: nopass", "all are it", "write a hash"}),
            "SEC 2  FAIL  user a: nopass  (all are it; write a hash)");
  EXPECT_EQ(to_line({1, Finding::Level::kOk, "listener a", "", ""}), "SEC 1  ok    listener a");
  EXPECT_EQ(to_line({1, Finding::Level::kWarn, "listener a", "why", ""}), "SEC 1  warn  listener a  (why)");
}

TEST_F(PostureTest, FailuresAndOpenWiresAreToldAtEveryStart) {
  EXPECT_TRUE(is_told_at_start({2, Finding::Level::kFail, "", "", ""}));
  EXPECT_TRUE(is_told_at_start({5, Finding::Level::kWarn, "", "", ""}));
  EXPECT_FALSE(is_told_at_start({3, Finding::Level::kWarn, "", "", ""}));
  EXPECT_FALSE(is_told_at_start({5, Finding::Level::kOk, "", "", ""}));
}

// ------------------------------------------------------------------------------------------ one change, one finding

// Which part of Setting the two texts replace.
enum class In : std::uint8_t { kListeners, kUpstream, kUsers, kAcl, kMore };

struct Case {
  In in;
  std::string bad, good;
  std::string line;  // how it begins
};

std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.line; }

std::string& part_of(Setting& setting, In in) {
  switch (in) {
    case In::kListeners: return setting.listeners;
    case In::kUpstream: return setting.upstream;
    case In::kUsers: return setting.users;
    case In::kAcl: return setting.acl;
    case In::kMore: break;
  }
  return setting.more;
}

const std::string kOpen = "{name: open, address: \"0.0.0.0:6380\", unsafe_plaintext: true";
const std::string kNode = "nodes: [\"cache.example:6379\"], credentials: {user: respgate, password_file: upstream}";
const std::string kAdmin = "admin: {address: \"127.0.0.1:9180\"}\n";
const std::string kAudit = "audit: {file: stdout}\n";

const Case kCases[] = {
    // SEC 1
    {In::kListeners, kOpen + "}", kOpen + ", allow_from: [10.0.0.0/8]}", "SEC 1  warn  listener open (0.0.0.0:6380): no allow_from"},
    {In::kListeners, kOpen + ", allow_from: [10.0.0.0/8, \"::/0\"]}", kOpen + ", allow_from: [10.0.0.0/8]}",
     "SEC 1  warn  listener open (0.0.0.0:6380): allow_from holds ::/0"},
    {In::kListeners, kOpen + "}", kOpen + ", max_connections_per_source: 10}",
     "SEC 1  warn  listener open (0.0.0.0:6380): one source may take all of its 10000 connections"},
    {In::kListeners, kOpen + ", proxy_protocol: require, trusted_proxies: [0.0.0.0/0]}",
     kOpen + ", proxy_protocol: require, trusted_proxies: [10.0.0.0/24]}",
     "SEC 1  FAIL  listener open (0.0.0.0:6380): trusted_proxies holds 0.0.0.0/0"},
    {In::kListeners, "{name: s, address: \"unix:s.sock\", mode: \"0666\"}", "{name: s, address: \"unix:s.sock\", mode: \"0660\"}",
     "SEC 1  warn  listener s (unix:s.sock): mode 0666 lets every user"},
    // SEC 2
    {In::kAcl, "user app on nopass ~app:* +get\n", std::string("user app on ") + kHash + " ~app:* +get\n",
     "SEC 2  FAIL  user app: nopass: every password is right"},
    {In::kAcl, "user app on nopass ~app:* +get\n", "user app off nopass ~app:* +get\n", "SEC 2  FAIL  user app: nopass"},
    {In::kAcl, "user default on nopass ~app:* +get\n", "user default off nopass ~app:* +get\n",
     "SEC 2  FAIL  user default: nopass: every client is this user"},
    {In::kAcl, "user default on >XV2fhK1Q ~* &* +@all\n", "user default on >XV2fhK1Q ~a:* +get\n",
     "SEC 2  FAIL  user default is on and has no limits"},
    {In::kAcl, "user default on >XV2fhK1Q ~a:* +get\n", "user default off >XV2fhK1Q ~a:* +get\n", "SEC 2  warn  user default is on"},
    {In::kAcl, "user app on >celery-example ~a:* +get\n", "user app on >XV2fhK1Q ~a:* +get\n",
     "SEC 2  FAIL  user app: the password is the user's name, or one that everybody knows"},
    {In::kAcl, "user app on >orders-example ~a:* +get\n", "user app on >XV2fhK1Q ~a:* +get\n",
     "SEC 2  FAIL  user app: the password is the user's name, or one that everybody knows"},
    {In::kAcl, "user app on >app ~a:* +get\n", "user app on >XV2fhK1Q ~a:* +get\n", "SEC 2  FAIL  user app: the password is"},
    {In::kAcl, "user app on > ~a:* +get\n", "user app on >XV2fhK1Q ~a:* +get\n", "SEC 2  FAIL  user app: the password is"},
    {In::kAcl, "user app on ~a:* +get\n", "user app on >XV2fhK1Q ~a:* +get\n", "SEC 2  warn  user app: on, and nothing logs in as that"},
    {In::kAcl, "user a on >XV2fhK1Q +get\nuser b on >XV2fhK1Q +get\n", "user a on >XV2fhK1Q +get\nuser b on >YV2fhK1Q +get\n",
     "SEC 2  warn  users a and b have a password in common"},
    {In::kUpstream, "nodes: [\"127.0.0.1:6379\"]", "nodes: [\"127.0.0.1:6379\"], credentials: {user: r, password_file: upstream}",
     "SEC 2  warn  the node: no upstream.credentials"},
    {In::kListeners, "{address: \"127.0.0.1:6380\", name: a}, {address: \"127.0.0.1:6381\", name: b}",
     "{address: \"127.0.0.1:6380\", name: a}",
     "SEC 2  warn  listener a (127.0.0.1:6380): no user_group: all 2 users that are on may log in here"},
    {In::kListeners, "{address: \"127.0.0.1:6380\", name: a, login_as: app}", "{address: \"127.0.0.1:6380\", name: a}",
     "SEC 2  warn  listener a (127.0.0.1:6380): no user_group"},
    {In::kListeners, "{address: \"127.0.0.1:6380\", name: a, login_as: admin}", "{address: \"127.0.0.1:6380\", name: a, login_as: app}",
     "SEC 2  warn  listener a (127.0.0.1:6380): whoever connects is user admin, who has no limits"},
    {In::kListeners, kOpen + ", login_as: app}", "{name: open, address: \"127.0.0.1:6380\", login_as: app}",
     "SEC 2  FAIL  listener open (0.0.0.0:6380): whoever connects is user app, without a password, from other machines too"},
    // SEC 3
    {In::kAcl, "user a on >x1 ~* &* +@all\nuser b on >x2 ~* &* +@all\n", "user a on >x1 ~* &* +@all\nuser b on >x2 ~* +get\n",
     "SEC 3  warn  users a and b have no limits"},
    {In::kAcl, "user a on >x1 ~* +get +info +client|kill\n", "user a on >x1 ~* +get\n", "SEC 3  warn  user a can run CLIENT|KILL and INFO"},
    {In::kAcl, "user a on >x1 ~a:* +get +flushall\n", "user a on >x1 ~a:* +get\n", "SEC 3  FAIL  user a can run FLUSHALL"},
    {In::kAcl, "user a on >x1 ~a:* +get +flushall\n", "user a off >x1 ~a:* +get +flushall\n", "SEC 3  FAIL  user a can run FLUSHALL"},
    {In::kMore, kAudit + kAdmin, kAudit + kAdmin + "commands: {keyspace: require_all_keys}\n",
     "SEC 3  warn  commands.keyspace: allow: DBSIZE, RANDOMKEY and SCAN tell user app of keys they may not use"},
    {In::kMore, "commands: {scripts: {mode: allow}}\n", "commands: {scripts: {mode: allowlist, functions: [f]}}\n",
     "SEC 3  FAIL  commands.scripts: allow: user app can run any script"},
    {In::kMore, "enforcement: observe\n", "enforcement: enforce\n", "SEC 3  warn  enforcement: observe"},
    // SEC 5
    {In::kListeners, kOpen + "}", "{name: open, address: \"0.0.0.0:6380\", tls: {cert_file: s.crt, key_file: s.key}}",
     "SEC 5  FAIL  listener open (0.0.0.0:6380): unsafe_plaintext"},
    {In::kUpstream, kNode, kNode + ", tls: {}", "SEC 5  FAIL  the node (cache.example:6379): plain text"},
    {In::kUpstream, kNode + ", tls: {verify: unsafe_none}", kNode + ", tls: {}", "SEC 5  FAIL  upstream.tls.verify: unsafe_none"},
    {In::kUpstream, kNode + ", tls: {verify: chain}", kNode + ", tls: {verify: full}", "SEC 5  warn  upstream.tls.verify: chain"},
    // SEC 6
    {In::kMore, "admin: {address: \"0.0.0.0:9180\", token_file: token}\n", "admin: {address: \"127.0.0.1:9180\", token_file: token}\n",
     "SEC 6  warn  admin port 0.0.0.0:9180: other machines can reach it"},
    {In::kMore, "admin: {health_address: \"0.0.0.0:9181\"}\n", "admin: {health_address: \"127.0.0.1:9181\"}\n",
     "SEC 6  ok    health_address 0.0.0.0:9181: other machines can reach it"},
    // SEC 7
    {In::kMore, kAdmin, kAdmin + kAudit, "SEC 7  warn  no audit"},
    {In::kMore, "audit: {file: stdout, events: [admin]}\n", kAudit, "SEC 7  warn  audit: to stdout, without auth and denied"},
    {In::kMore, "audit: {file: stdout, events: [auth]}\n", kAudit, "SEC 7  warn  audit: to stdout, without denied"},
    {In::kMore, "audit: {file: a.jsonl}\n", "audit: {file: a.jsonl, key_file: chain}\n", "SEC 7  warn  audit: no key_file"},
    {In::kMore, "audit: {file: a.jsonl}\n", kAudit, "SEC 7  warn  audit: no key_file"},
    {In::kMore, "audit: {file: stdout, keys: plain}\n", "audit: {file: stdout, keys: none}\n", "SEC 7  warn  audit.keys: plain"},
    {In::kMore, kAudit, kAudit + kAdmin, "SEC 7  warn  metrics: nobody can ask for them"},
    {In::kMore, kAudit, kAudit + "metrics: {cloudwatch_emf: {file: metrics.emf}}\n", "SEC 7  warn  metrics: nobody can ask for them"},
};

class FindingTest : public PostureTest, public testing::WithParamInterface<Case> {};

TEST_P(FindingTest, IsThereBeforeTheRemedyAndGoneAfterIt) {
  Setting bad, good;
  part_of(bad, GetParam().in) = GetParam().bad;
  part_of(good, GetParam().in) = GetParam().good;
  expect_remedy(bad, good, GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(Each, FindingTest, testing::ValuesIn(kCases));

// ------------------------------------------------------------------------------------------ what takes more than one change

TEST_F(PostureTest, ASentinelThatIsOffIsNamed) {
  Setting setting;
  setting.acl = "user app on >XV2fhK1Q ~app:* +get\n";
  setting.upstream += ", sentinel: {mode: off}";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 3  warn  upstream.sentinel.mode: off")));
}

constexpr std::int64_t kDay = 86'400;

TEST_F(PostureTest, ACertificateIsWarnedOfAMonthBeforeItsEnd) {
  Setting setting;
  setting.listeners = "{name: t, address: \"127.0.0.1:6380\", tls: {cert_file: s.crt, key_file: s.key}}";
  const std::int64_t end = certificate_end();
  EXPECT_THAT(report(setting, end - 31 * kDay), Contains(testing::AllOf(StartsWith("SEC 5  ok    listener t"), HasSubstr(", in 31 days"))));
  EXPECT_THAT(report(setting, end - 29 * kDay), Contains(testing::AllOf(StartsWith("SEC 5  warn  listener t"), HasSubstr(", in 29 days"))));
  EXPECT_THAT(report(setting, end), Contains(testing::AllOf(StartsWith("SEC 5  warn  listener t"), HasSubstr(", in 0 days"))));
  EXPECT_THAT(report(setting, end + 1), Contains(testing::AllOf(StartsWith("SEC 5  FAIL  listener t"), HasSubstr("s.crt ended on "),
                                                                HasSubstr("(no client gets in; "))));
}

TEST_F(PostureTest, SoIsTheOneThatTheNodeIsShown) {
  Setting setting;
  setting.upstream += ", tls: {ca_file: ca.crt, cert_file: s.crt, key_file: s.key}";
  const std::int64_t end = certificate_end();
  const std::string node = "the node (127.0.0.1:6379): certificate " + directory_.file("s.crt");
  EXPECT_THAT(report(setting, end - 31 * kDay), Contains(testing::AllOf(StartsWith("SEC 5  ok    " + node), HasSubstr(", in 31 days"))));
  EXPECT_THAT(report(setting, end - 29 * kDay),
              Contains(testing::AllOf(StartsWith("SEC 5  warn  " + node), HasSubstr(", in 29 days"),
                                      HasSubstr("(a node that asks for it lets no lane in afterwards; "))));
  EXPECT_THAT(report(setting, end + 1), Contains(StartsWith("SEC 5  FAIL  " + node + " ended on ")));
}

TEST_F(PostureTest, AListenerWhereNobodyIsLockedOutIsNamedUnlessOnlyThisMachineReachesIt) {
  Setting bad, good;
  bad.listeners = kOpen + "}, " + kLoopback;
  bad.more += "limits: {auth_failures: {max: 0}}\n";
  good.listeners = bad.listeners;
  good.more += "limits: {auth_failures: {max: 1}}\n";
  const std::string line = "SEC 2  warn  limits.auth_failures.max: 0: wrong passwords lock nobody out at listener open (0.0.0.0:6380)  (";
  expect_remedy(bad, good, line);
  good = bad;
  good.listeners = std::string(kLoopback) + ", {name: s, address: \"unix:s.sock\"}";
  expect_remedy(bad, good, line);
}

TEST_F(PostureTest, AnAuditFileThatEverybodyMayReadIsNamed) {
  Setting setting;
  setting.more = "audit: {file: a.jsonl, key_file: chain}\n" + kAdmin;
  const std::string file = "audit: " + directory_.file("a.jsonl") + " may be read by ";
  EXPECT_THAT(report(setting), Not(Contains(HasSubstr(file)))) << "it is not there yet";
  directory_.write("a.jsonl", "", 0644);
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 7  warn  " + file + "everybody on this machine  (")));
  directory_.write("a.jsonl", "", 0640);
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 7  ok    " + file + "its group  (")));
  directory_.write("a.jsonl", "", 0600);
  EXPECT_THAT(report(setting), Not(Contains(HasSubstr(file))));
}

TEST_F(PostureTest, ATokenThatCanBeGuessedIsNamed) {
  Setting setting;
  setting.more = "admin: {address: \"127.0.0.1:9180\", token_file: token}\n";
  const std::string line = "SEC 6  warn  admin.token_file " + directory_.file("token") + " holds a token of fewer than 16 characters  (";
  for (const auto& [token, is_short] : {std::pair("x\n", true), {"fifteen-letters\n", true}, {"sixteen-letters.\n", false}}) {
    directory_.write("token", token);
    EXPECT_EQ(testing::Value(report(setting), Contains(StartsWith(line))), is_short) << token;
  }
}

TEST_F(PostureTest, FilesThatEverybodyMayReadAreNamed) {
  Setting setting;
  setting.listeners = "{name: t, address: \"127.0.0.1:6380\", tls: {cert_file: s.crt, key_file: s.key}}";
  setting.more = "admin: {address: \"127.0.0.1:9180\", token_file: token}\naudit: {file: stdout, key_file: chain}\n";
  EXPECT_THAT(report(setting), Not(Contains(HasSubstr("may be read by everybody"))));
  users_mode_ = 0644;
  for (const char* name : {"upstream", "token", "s.key", "chain"})
    std::filesystem::permissions(directory_.file(name), std::filesystem::perms(0604));
  const std::vector<std::string> lines = report(setting);
  EXPECT_THAT(lines, Contains(StartsWith("SEC 5  warn  key_file " + directory_.file("s.key") + " may be read by everybody")));
  EXPECT_THAT(lines, Contains(StartsWith("SEC 6  warn  users.file " + directory_.file("users.acl") + " may be read by everybody")));
  EXPECT_THAT(lines, Contains(StartsWith("SEC 6  warn  admin.token_file " + directory_.file("token"))));
  EXPECT_THAT(lines, Contains(StartsWith("SEC 6  warn  password or key file " + directory_.file("upstream"))));
  EXPECT_THAT(lines, Contains(StartsWith("SEC 6  warn  audit.key_file " + directory_.file("chain") +
                                         " may be read by everybody on this machine  (whoever reads it can give changed lines")));
}

TEST_F(PostureTest, OneWhoIsKnownByCertificateOrTokenNeedsNoPassword) {
  Setting setting;
  setting.acl = "user app on ~a:* +get\n";
  directory_.write("keys", "AKIAEXAMPLE:secret\n");
  setting.users = "file: users.acl, iam: {app: {access_keys_file: keys, cache: orders, region: us-east-1}}";
  EXPECT_THAT(report(setting), Not(Contains(HasSubstr("nothing logs in"))));
  setting.users = "file: users.acl";
  setting.listeners =
      "{address: \"127.0.0.1:6380\", tls: {cert_file: s.crt, key_file: s.key, client_auth: require, client_ca_file: ca.crt, "
      "client_identity: cn}}";
  EXPECT_THAT(report(setting), Not(Contains(HasSubstr("nothing logs in"))));
}

TEST_F(PostureTest, WhatRulesDenyOrRenameIsNotReached) {
  Setting setting;
  setting.acl = "user a on >x1 ~* +get +flushall +keys +config|set\n";
  const std::string all = "SEC 3  warn  user a can run CONFIG|SET, FLUSHALL and KEYS";
  EXPECT_THAT(report(setting), Contains(StartsWith(all)));
  setting.more = "commands: {rename: {CONFIG: cfg}, rules: [{match: [KEYS], action: deny}]}\n";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 3  warn  user a can run FLUSHALL  (")));
  setting.more = "commands: {rename: \"config blocked flushall blocked keys blocked\"}\n";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 3  ok    no user with limits can run")));
}

TEST_F(PostureTest, WhatARuleMakesOfACommandCounts) {
  Setting setting;
  setting.acl = "user a on >x1 ~a:* +get +flushall +flushdb\n";
  setting.more = "commands: {rules: [{match: [FLUSHALL, FLUSHDB], action: rewrite, to: [FLUSHDB, ASYNC]}]}\n";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 3  FAIL  user a can run FLUSHALL and FLUSHDB  (")));
  setting.more = "commands: {rules: [{match: [FLUSHALL, FLUSHDB], action: rewrite, to: [PING]}]}\n";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 3  ok    no user with limits can run")));
}

TEST_F(PostureTest, ObserveModeHidesNoReachOfItsOwn) {
  Setting setting;
  setting.more = "enforcement: observe\n";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 3  ok    no user with limits can run")));
}

TEST_F(PostureTest, UsersWithTheSameCommandsShareALineAndManyAreCounted) {
  Setting setting;
  setting.acl = "";
  for (int i = 10; i < 30; ++i) setting.acl += "user u" + std::to_string(i) + " on >pw" + std::to_string(i) + " ~* +info\n";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 3  warn  users u10, u11, u12, u13, u14, u15, u16, u17 and 12 more can run INFO")));
}

TEST_F(PostureTest, AFileThatLetsNobodyInIsNamed) {
  Setting setting;
  for (const char* acl : {"", "user a off >x1 ~a:* +get\n"}) {
    setting.acl = acl;
    EXPECT_THAT(report(setting), Contains(StartsWith("SEC 2  warn  no user is on: nobody can log in"))) << acl;
  }
  EXPECT_THAT(report({}), Not(Contains(HasSubstr("no user is on"))));
}

TEST_F(PostureTest, NamesOfUsersAreEscaped) {
  Setting setting;
  setting.acl = "user a\xe2\x80\xae\" on nopass ~* +get\n";
  EXPECT_THAT(report(setting), Contains(StartsWith("SEC 2  FAIL  user a\\xe2\\x80\\xae\\x22: nopass")));
}

TEST(CommandReachTest, AContainerThatIsReachedAsAWholeIsOneWord) {
  CommandList all;
  for (const protocol::CommandSpec& spec : protocol::all_commands()) {
    const bool is_of_two = spec.name.starts_with("config|") || spec.name.starts_with("client|");
    if (is_of_two && spec.in(protocol::Category::kDangerous) && spec.dispatch != protocol::Dispatch::kRefused) all.push_back(&spec);
  }
  EXPECT_THAT(names_of(all), testing::ElementsAre("CLIENT", "CONFIG"));
  all.erase(all.begin());
  EXPECT_THAT(names_of(all), Not(Contains("CLIENT")));
}

}  // namespace
}  // namespace respgate::proxy
