#include "proxy/snapshot/policy_loader.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acl/authenticator.h"
#include "proxy/aws/iam_token.h"
#include "proxy/snapshot/login_loader.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PolicyLoaderTest : public testing::Test {
 protected:
  // The configuration of `yaml`, which may leave out what every file needs.
  Config config(const std::string& listener = "", const std::string& users = "", const std::string& more = "") {
    const std::string yaml = "listeners: [{address: 127.0.0.1:6380" + listener + "}]\nusers: {file: users.acl" + users + "}\n" +
                             (more.find("upstream:") == std::string::npos ? "upstream: {nodes: [\"127.0.0.1:6379\"]}\n" : "") + more;
    ConfigResult loaded = load_config(directory_.write("r.yaml", yaml));
    if (loaded) return *loaded;
    for (const ConfigError& error : loaded.error().errors) ADD_FAILURE() << to_string(error);
    return {};
  }

  // Messages begin with the folder, which has another name in every run: it is cut off.
  std::vector<std::string> texts(const ConfigErrors& errors) const {
    std::vector<std::string> out;
    for (const ConfigError& error : errors.errors) {
      std::string text = to_string(error);
      const std::string prefix = directory_.path().string() + "/";
      if (text.starts_with(prefix)) text.erase(0, prefix.size());
      out.push_back(text);
    }
    return out;
  }

  std::vector<std::string> errors_of(const Config& config) const {
    const PolicyResult policy = load_policy(config, 1);
    return policy ? std::vector<std::string>{} : texts(policy.error());
  }

  std::string error_of(const Config& config) const {
    const auto errors = errors_of(config);
    EXPECT_EQ(errors.size(), 1u) << testing::PrintToString(errors);
    return errors.empty() ? "" : errors.front();
  }

  TemporaryDirectory directory_;
};

TEST_F(PolicyLoaderTest, UsersGroupsAndRulesBecomeOnePolicy) {
  directory_.write("users.acl", "user alice on >pw ~a:* +@read\nuser bob on >pw +ping\n");
  const PolicyResult policy =
      load_policy(config("", ", groups: {g: [alice]}", "commands: {rename: {CONFIG: cfg}, rules: [{match: [KEYS], action: deny}]}\n"), 7);
  ASSERT_TRUE(policy.has_value());
  EXPECT_EQ((*policy)->generation(), 7u);
  ASSERT_NE((*policy)->find("alice"), nullptr);
  EXPECT_EQ((*policy)->find("alice")->line(), 1u);
  EXPECT_TRUE((*policy)->is_member("g", "alice"));
  EXPECT_FALSE((*policy)->is_member("g", "bob"));
  EXPECT_FALSE((*policy)->rules().empty());
}

TEST_F(PolicyLoaderTest, AFileWithoutADefaultUserHasOneThatIsOff) {
  directory_.write("users.acl", "user alice on >pw\n");
  const PolicyResult policy = load_policy(config(), 1);
  ASSERT_TRUE(policy.has_value());
  ASSERT_NE((*policy)->find("default"), nullptr);
  EXPECT_FALSE((*policy)->find("default")->is_enabled());
}

TEST_F(PolicyLoaderTest, ErrorsOfTheUsersFileCarryItsNameLineAndColumn) {
  directory_.write("users.acl", "user alice on >pw +nosuch\n\nuser bob on ~* ~a\n");
  const auto errors = errors_of(config());
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_THAT(errors[0], StartsWith("users.acl:1:19: "));
  EXPECT_THAT(errors[1], StartsWith("users.acl:3:16: "));
}

TEST_F(PolicyLoaderTest, TenErrorsAreTenLines) {
  std::string users;
  for (int i = 0; i < 10; ++i) users += "user u" + std::to_string(i) + " on >pw +nosuch\n";
  directory_.write("users.acl", users);
  const auto errors = errors_of(config());
  ASSERT_EQ(errors.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_THAT(errors[i], StartsWith("users.acl:" + std::to_string(i + 1) + ":16: "));
}

TEST_F(PolicyLoaderTest, AnErrorOfTheUsersFileShowsNoPassword) {
  directory_.write("users.acl", "user alice on >hunter2 +nosuch\nuser bob on #hunter3\nuser eve on <hunter4\n");
  for (const std::string& error : errors_of(config())) EXPECT_THAT(error, Not(HasSubstr("hunter")));
}

TEST_F(PolicyLoaderTest, AMissingUsersFileIsReportedWhereItIsNamed) {
  const std::string error = error_of(config());
  EXPECT_THAT(error, StartsWith("r.yaml:2:15: users.file: "));
  EXPECT_THAT(error, HasSubstr("users.acl cannot be opened (No such file or directory)"));
}

TEST_F(PolicyLoaderTest, AUsersFileThatOthersMayWriteIsRefused) {
  directory_.write("users.acl", "user alice on >pw\n", 0646);
  EXPECT_THAT(error_of(config()), HasSubstr("chmod go-w"));
  directory_.write("users.acl", "user alice on >pw\n", 0664);
  EXPECT_THAT(error_of(config()), HasSubstr("chmod go-w"));
}

TEST_F(PolicyLoaderTest, AFolderInPlaceOfTheUsersFileIsRefused) {
  std::filesystem::create_directory(directory_.path() / "users.acl");
  EXPECT_THAT(error_of(config()), HasSubstr("is not a regular file"));
}

TEST_F(PolicyLoaderTest, NamesThatNoUserHasAreReportedWhereTheyStand) {
  directory_.write("users.acl", "user alice on >pw\n");
  const auto errors = errors_of(config(", login_as: nobody", ", groups: {g: [alice, ghost]}",
                                       "commands:\n  rules:\n    - {match: [KEYS], users: [alice, phantom], action: deny}\n"));
  ASSERT_EQ(errors.size(), 3u) << testing::PrintToString(errors);
  EXPECT_THAT(errors[0], StartsWith("r.yaml:1:49: listeners[0].login_as: unknown user 'nobody'"));
  EXPECT_THAT(errors[1], StartsWith("r.yaml:2:46: users.groups.g[1]: unknown user 'ghost'"));
  EXPECT_THAT(errors[2], StartsWith("r.yaml:6:38: commands.rules[0].users[1]: unknown user 'phantom'"));
}

TEST_F(PolicyLoaderTest, AUserThatIsOffCannotBeLoggedInAs) {
  directory_.write("users.acl", "user alice off >pw\n");
  EXPECT_THAT(error_of(config(", login_as: alice")), HasSubstr("listeners[0].login_as: user 'alice' is off"));
}

TEST_F(PolicyLoaderTest, LoginAsHasToBeInTheGroupOfItsListener) {
  directory_.write("users.acl", "user alice on >pw\nuser bob on >pw\n");
  EXPECT_THAT(error_of(config(", login_as: alice, user_group: g", ", groups: {g: [bob]}")), HasSubstr("user 'alice' is not in group 'g'"));
  EXPECT_TRUE(load_policy(config(", login_as: bob, user_group: g", ", groups: {g: [bob]}"), 1).has_value());
}

TEST_F(PolicyLoaderTest, OnlyASingleUserCanDoWithoutASentinel) {
  const std::string off = "upstream: {nodes: [\"h:1\"], sentinel: {mode: off}}\n";
  directory_.write("users.acl", "user alice on >pw\nuser bob off\n");
  EXPECT_TRUE(load_policy(config("", "", off), 1).has_value());
  directory_.write("users.acl", "user alice on >pw\nuser bob on >pw\n");
  EXPECT_THAT(error_of(config("", "", off)), StartsWith("r.yaml:3:45: upstream.sentinel.mode: off is for a single user"));
}

class SecretsTest : public PolicyLoaderTest {
 protected:
  boost::system::result<UpstreamLogins, ConfigErrors> passwords(const std::string& text, mode_t mode = 0600) {
    directory_.write("pw", text, mode);
    return load_upstream_logins(config("", "", "upstream: {nodes: [\"h:1\"], credentials: {password_file: pw}}\n"));
  }
  std::string password_error(const std::string& text, mode_t mode = 0600) {
    const auto loaded = passwords(text, mode);
    EXPECT_FALSE(loaded.has_value());
    return loaded ? "" : texts(loaded.error()).at(0);
  }
};

TEST_F(SecretsTest, WithoutAPasswordFileThereIsNoPassword) {
  const auto loaded = load_upstream_logins(config());
  ASSERT_TRUE(loaded.has_value());
  ASSERT_EQ(loaded->size(), 1u);
  EXPECT_TRUE(loaded->front().passwords.empty());
}

TEST_F(SecretsTest, OneLineIsOnePassword) {
  EXPECT_THAT(passwords("s3cret\n")->front().passwords, ElementsAre("s3cret"));
  EXPECT_THAT(passwords("s3cret")->front().passwords, ElementsAre("s3cret"));
  EXPECT_THAT(passwords("s3cret\r\n")->front().passwords, ElementsAre("s3cret"));
  EXPECT_THAT(passwords(" two words \n")->front().passwords, ElementsAre(" two words "));
}

TEST_F(SecretsTest, TwoLinesAreTheNewestAndTheOneBefore) {
  EXPECT_THAT(passwords("new\nold\n")->front().passwords, ElementsAre("new", "old"));
}

TEST_F(SecretsTest, APasswordFileWithoutAPasswordIsRefused) {
  EXPECT_THAT(password_error(""), HasSubstr("holds no password"));
  EXPECT_THAT(password_error("\n"), HasSubstr("holds no password"));
  EXPECT_THAT(password_error("\nold\n"), HasSubstr("holds no password"));
  EXPECT_THAT(password_error("new\n\n"), HasSubstr("empty second line"));
}

TEST_F(SecretsTest, MoreThanTwoPasswordsAreRefusedWithoutShowingThem) {
  const std::string error = password_error("hunter1\nhunter2\nhunter3\n");
  EXPECT_THAT(error, StartsWith("r.yaml:3:57: upstream.credentials.password_file: "));
  EXPECT_THAT(error, HasSubstr("more than two lines"));
  EXPECT_THAT(error, Not(HasSubstr("hunter")));
}

TEST_F(SecretsTest, APasswordFileThatOthersMayWriteIsRefused) { EXPECT_THAT(password_error("pw\n", 0622), HasSubstr("chmod go-w")); }

TEST_F(SecretsTest, EveryIdentityHasItsOwnPassword) {
  directory_.write("pw", "shared\n");
  directory_.write("alice-pw", "hers\n");
  const auto loaded = load_upstream_logins(config("", "",
                                                  "upstream: {nodes: [\"h:1\"], credentials: {password_file: pw}, per_user_credentials: "
                                                  "{alice: {user: a, password_file: alice-pw}}}\n"));
  ASSERT_EQ(loaded->size(), 2u);
  EXPECT_THAT(loaded->at(0).passwords, ElementsAre("shared"));
  EXPECT_EQ(loaded->at(1).user, "a");
  EXPECT_THAT(loaded->at(1).passwords, ElementsAre("hers"));
}

TEST_F(SecretsTest, CredentialsOfAUserWhoDoesNotExistAreRefused) {
  directory_.write("users.acl", "user alice on >pw\n");
  directory_.write("pw", "x\n");
  EXPECT_THAT(error_of(config("", "", "upstream: {nodes: [\"h:1\"], per_user_credentials: {nobody: {user: n, password_file: pw}}}\n")),
              HasSubstr("upstream.per_user_credentials: unknown user 'nobody'"));
}

class IamUsersTest : public PolicyLoaderTest {
 protected:
  Config with_keys(const std::string& text) {
    directory_.write("keys", text);
    return config("", ", iam: {alice: {access_keys_file: keys, cache: orders, region: us-east-1}}");
  }
  // What becomes of a login with a token of that key.
  acl::AuthOutcome login(const acl::Policy& policy, const char* key, const char* secret) {
    const std::string token = make_iam_token({key, secret, ""}, {"orders", "us-east-1"}, "alice", 1'000'000'000);
    return acl::authenticate(policy, {"alice", token}, "", 1'000'000'100).outcome;
  }
};

TEST_F(IamUsersTest, ATokenOfOneOfTheKeysLogsIn) {
  directory_.write("users.acl", "user alice on\nuser bob on >pw\n");
  const auto policy = load_policy(with_keys("# ours\nAKIA1:one\n\nAKIA2:tw/o+=\n"), 1);
  ASSERT_TRUE(policy);
  EXPECT_EQ(login(**policy, "AKIA1", "one"), acl::AuthOutcome::kOk);
  EXPECT_EQ(login(**policy, "AKIA2", "tw/o+="), acl::AuthOutcome::kOk);
  EXPECT_EQ(login(**policy, "AKIA2", "one"), acl::AuthOutcome::kWrongPassword);
  EXPECT_EQ(login(**policy, "AKIA3", "one"), acl::AuthOutcome::kWrongPassword);
  EXPECT_EQ(acl::authenticate(**policy, {"bob", "pw"}, "", 0).outcome, acl::AuthOutcome::kOk);
}

TEST_F(IamUsersTest, AUserWithTokensHasNoPassword) {
  directory_.write("users.acl", "user alice on >pw\n");
  EXPECT_THAT(error_of(with_keys("AKIA1:one\n")), HasSubstr("user 'alice' logs in with tokens: remove its passwords"));
  directory_.write("users.acl", "user alice on nopass\n");
  EXPECT_THAT(error_of(with_keys("AKIA1:one\n")), HasSubstr("user 'alice' logs in with tokens: remove its passwords"));
}

TEST_F(IamUsersTest, AFileWithoutKeysIsRefusedWithoutShowingIt) {
  directory_.write("users.acl", "user alice on\n");
  EXPECT_THAT(error_of(with_keys("")), HasSubstr("holds no key"));
  for (const char* line : {"hunter2", "AKIA1:", ":hunter2", "AKIA 1:hunter2", "A/B:hunter2"}) {
    const std::string error = error_of(with_keys(line));
    EXPECT_THAT(error, HasSubstr("has no key in line 1")) << line;
    EXPECT_THAT(error, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace respgate::proxy
