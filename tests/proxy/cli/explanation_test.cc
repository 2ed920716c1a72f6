#include "proxy/cli/explanation.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/snapshot/policy_loader.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kUsers =
    "user app on >pw ~app:* &app:* +@all -@dangerous (%R~shared:* +get)\n"
    "user off off >pw ~* +@all\n"
    "user admin on >pw ~* &* +@all\n"
    "user reader on >pw %R~app:* +@read +getdel\n"
    "user odd on >pw ~\xff* +get\n";

class ExplanationTest : public testing::Test {
 protected:
  // `more` follows a configuration with two listeners and the users above.
  Explanation ask(const std::string& user, std::vector<std::string> command, const std::string& listener = "",
                  const std::string& more = "") {
    auto explanation = try_ask(user, std::move(command), listener, more);
    EXPECT_TRUE(explanation.has_value()) << explanation.error();
    return explanation ? *explanation : Explanation{};
  }

  boost::system::result<Explanation, std::string> try_ask(const std::string& user, std::vector<std::string> command,
                                                          const std::string& listener = "", const std::string& more = "") {
    directory_.write("users.acl", kUsers);
    const ConfigResult config = load_config(directory_.write("r.yaml",
                                                             "listeners:\n"
                                                             "  - {name: all, address: 127.0.0.1:1}\n"
                                                             "  - {name: few, address: 127.0.0.1:2, user_group: operators}\n"
                                                             "users: {file: users.acl, groups: {operators: [admin]}}\n"
                                                             "upstream: {nodes: [\"127.0.0.1:6379\"], command_names: {FLUSHDB: f1ush}}\n" +
                                                                 more));
    EXPECT_TRUE(config.has_value()) << (config ? "" : to_string(config.error().errors.at(0)));
    const PolicyResult policy = load_policy(*config, 1);
    EXPECT_TRUE(policy.has_value()) << (policy ? "" : to_string(policy.error().errors.at(0)));
    return explain(*config, *policy, {"", user, listener, std::move(command)});
  }

  TemporaryDirectory directory_;
};

TEST_F(ExplanationTest, WhatPassesSaysWhoGrantedItAndWhatIsSent) {
  const Explanation explanation = ask("app", {"set", "app:1", "two words"});
  EXPECT_TRUE(explanation.allowed);
  EXPECT_THAT(explanation.text, StartsWith("allowed: set app:1 \"two words\"\n"));
  EXPECT_THAT(explanation.text, HasSubstr("users.acl:1)\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  rule: none matches\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  acl: granted by the user's own rules: +@all ~app:*\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  upstream: set app:1 \"two words\"\n"));
}

TEST_F(ExplanationTest, ASelectorThatGrantsIsCounted) {
  EXPECT_THAT(ask("app", {"GET", "shared:1"}).text, HasSubstr("  acl: granted by selector 1, counted from the left: +get %R~shared:*\n"));
}

TEST_F(ExplanationTest, ADeniedCommandSaysSo) {
  const Explanation explanation = ask("app", {"KEYS", "*"});
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, StartsWith("denied: KEYS *\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  acl: command: no selector grants it (own rules: -@dangerous, selector 1: -@all)\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  reply: NOPERM User app has no permissions to run the 'keys' command\n"));
}

TEST_F(ExplanationTest, ADeniedKeyIsNamedWithItsPlace) {
  const Explanation explanation = ask("app", {"MGET", "app:1", "sys:1"});
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text,
              HasSubstr("  acl: key: no selector that grants the command grants argument 2, sys:1 (for reading; no pattern fits it)\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  reply: NOPERM No permissions to access a key\n"));
}

TEST_F(ExplanationTest, APatternThatGrantsLessThanIsNeededIsNamed) {
  const Explanation explanation = ask("reader", {"GETDEL", "app:1"});
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("grants argument 1, app:1 (for reading and writing; %R~app:* is for less)\n"));
}

TEST_F(ExplanationTest, WhatNobodyNeedsAGrantForSaysSo) {
  EXPECT_THAT(ask("reader", {"RESET"}).text, HasSubstr("  acl: no grant is needed\n"));
}

TEST_F(ExplanationTest, AChannelIsGrantedByItsRule) {
  EXPECT_THAT(ask("app", {"PUBLISH", "app:1", "x"}).text, HasSubstr("  acl: granted by the user's own rules: +@all &app:*\n"));
}

TEST_F(ExplanationTest, ARuleWithBytesThatAreNoTextIsEscaped) {
  EXPECT_THAT(ask("odd", {"GET",
                          "\xff"
                          "1"})
                  .text,
              HasSubstr(": +get \"~\\xff*\"\n"));
}

TEST_F(ExplanationTest, ADeniedChannelIsNamedWithItsPlace) {
  EXPECT_THAT(ask("app", {"PUBLISH", "sys", "x"}).text,
              HasSubstr("  acl: channel: no selector that grants the command grants argument 1, sys\n"));
}

TEST_F(ExplanationTest, ARuleThatDeniesIsNamedWithItsPlace) {
  const Explanation explanation =
      ask("admin", {"KEYS", "*"}, "",
          "commands: {rules: [{match: [GET], action: observe}, {match: [KEYS], action: deny, message: use SCAN}]}\n");
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("  rule: 2 ("));
  EXPECT_THAT(explanation.text, HasSubstr("r.yaml:6:53): deny\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  reply: NOPERM respgate: 'keys' is blocked by policy: use SCAN\n"));
  EXPECT_THAT(explanation.text, Not(HasSubstr("  acl: ")));
}

TEST_F(ExplanationTest, ARewriteShowsWhatIsSentInTheServersNames) {
  const Explanation explanation =
      ask("admin", {"FLUSHALL"}, "", "commands: {rules: [{match: [FLUSHALL], action: rewrite, to: [FLUSHDB, ASYNC]}]}\n");
  EXPECT_TRUE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("): rewrite to FLUSHDB ASYNC\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  upstream: f1ush ASYNC\n"));
}

TEST_F(ExplanationTest, ARenameIsToldUnderBothNames) {
  const std::string more = "commands: {rename: {CONFIG: cfg, DEBUG: \"\"}}\n";
  const Explanation new_name = ask("admin", {"cfg", "GET", "save"}, "", more);
  EXPECT_TRUE(new_name.allowed);
  EXPECT_THAT(new_name.text, HasSubstr("  rename: CONFIG is called cfg ("));
  EXPECT_THAT(new_name.text, HasSubstr("  upstream: config GET save\n"));
  const Explanation old_name = ask("admin", {"CONFIG", "GET", "save"}, "", more);
  EXPECT_FALSE(old_name.allowed);
  EXPECT_THAT(old_name.text, HasSubstr("  rename: CONFIG is called cfg ("));
  EXPECT_THAT(old_name.text, HasSubstr("  reply: ERR unknown command 'CONFIG'"));
  EXPECT_THAT(ask("admin", {"debug", "jmap"}, "", more).text, HasSubstr("  rename: DEBUG is called nothing: it is gone ("));
}

TEST_F(ExplanationTest, ACommandNobodyKnowsIsDenied) {
  const Explanation explanation = ask("admin", {"JSON.GET", "k"});
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("  reply: ERR unknown command 'JSON.GET'"));
  EXPECT_THAT(explanation.text, Not(HasSubstr("  acl: ")));
}

TEST_F(ExplanationTest, AWrongCallIsNotSent) {
  const Explanation explanation = ask("admin", {"GET"});
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("  reply: ERR wrong number of arguments for 'get' command\n"));
}

TEST_F(ExplanationTest, WhatNoSharedProxyCanPassIsDeniedWhateverTheAclGrants) {
  const Explanation explanation = ask("admin", {"MONITOR"});
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("  acl: granted by the user's own rules: +@all\n"));
  EXPECT_THAT(explanation.text, HasSubstr("  reply: ERR respgate: 'monitor' is not available through the proxy\n"));
}

TEST_F(ExplanationTest, WhatRespgateAnswersIsNotSent) {
  EXPECT_THAT(ask("app", {"PING"}).text, HasSubstr("  upstream: nothing: respgate answers by itself\n"));
}

TEST_F(ExplanationTest, ObservedDenialsAreAllowedAndSaidToBe) {
  const Explanation explanation = ask("app", {"GET", "sys:1"}, "", "enforcement: observe\n");
  EXPECT_TRUE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("enforcement is observe"));
  EXPECT_THAT(explanation.text, HasSubstr("  upstream: GET sys:1\n"));
}

TEST_F(ExplanationTest, AUserThatIsOffIsDenied) {
  const Explanation explanation = ask("off", {"GET", "a"});
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("  login: the user is off"));
}

TEST_F(ExplanationTest, AListenerOfAnotherGroupIsDenied) {
  EXPECT_TRUE(ask("app", {"GET", "app:1"}, "all").allowed);
  const Explanation explanation = ask("app", {"GET", "app:1"}, "few");
  EXPECT_FALSE(explanation.allowed);
  EXPECT_THAT(explanation.text, HasSubstr("  login: listener few only admits members of group operators ("));
  EXPECT_TRUE(ask("admin", {"GET", "app:1"}, "few").allowed);
}

TEST_F(ExplanationTest, NobodyAndNowhereAreErrors) {
  EXPECT_THAT(try_ask("ghost", {"GET", "a"}).error(), HasSubstr("unknown user 'ghost'"));
  EXPECT_THAT(try_ask("app", {"GET", "a"}, "none").error(), HasSubstr("unknown listener 'none'"));
}

TEST_F(ExplanationTest, BytesThatAreNoTextAreEscaped) {
  EXPECT_THAT(ask("admin", {"GET", std::string("a\x1b\0\"", 4)}).text, StartsWith("allowed: GET \"a\\x1b\\x00\\\"\"\n"));
}

}  // namespace
}  // namespace respgate::proxy
