// The rule language, one rule at a time: what ACL SETUSER makes of it, as ACL LIST
// of Redis 7.2 prints it, and what is refused.
#include <tuple>

#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

using namespace std::string_literals;
using Rules = std::vector<std::string>;

// sha256("p"), sha256("")
constexpr std::string_view kHashOfP = "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940";
constexpr std::string_view kHashOfEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Without "user u ", and without the words every new user has.
std::string described(const Rules& rules) {
  const auto principal = parse_user("u", rules);
  if (!principal) return "error: " + principal.error().errors.front().what;
  return describe(*principal, Hashes::kShow).substr(7);
}

struct Row {
  Rules rules;
  std::string description;
};

void expect_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(described(row.rules), row.description) << testing::PrintToString(row.rules);
}

TEST(RulesTest, FlagsInAnyCaseAndTheLastOneCounts) {
  expect_rows({
      {{}, "off sanitize-payload resetchannels -@all"},
      {{"on"}, "on sanitize-payload resetchannels -@all"},
      {{"ON", "Off"}, "off sanitize-payload resetchannels -@all"},
      {{"nopass"}, "off nopass sanitize-payload resetchannels -@all"},
      {{"NoPass", "resetpass"}, "off sanitize-payload resetchannels -@all"},
      {{"skip-sanitize-payload"}, "off skip-sanitize-payload resetchannels -@all"},
      {{"skip-sanitize-payload", "sanitize-payload"}, "off sanitize-payload resetchannels -@all"},
      {{""}, "off sanitize-payload resetchannels -@all"},
  });
}

TEST(RulesTest, Passwords) {
  const std::string p = "off sanitize-payload #" + std::string(kHashOfP) + " resetchannels -@all";
  const std::string none = "off sanitize-payload resetchannels -@all";
  expect_rows({
      {{">p"}, p},
      {{">p", ">p"}, p},
      {{"#" + std::string(kHashOfP)}, p},
      {{"nopass", ">p"}, p},
      {{">p", "nopass"}, "off nopass sanitize-payload resetchannels -@all"},
      {{">p", "<p"}, none},
      {{">p", "!" + std::string(kHashOfP)}, none},
      {{">"}, "off sanitize-payload #" + std::string(kHashOfEmpty) + " resetchannels -@all"},
      {{"<p"}, "error: the password to be removed is not one of this user's; remove the rule, or add the password before it"},
      {{"#abc"}, "error: a password hash is exactly 64 lower-case hexadecimal digits; write what `respgate hash-password` prints"},
      {{"#" + std::string(64, 'A')},
       "error: a password hash is exactly 64 lower-case hexadecimal digits; write what `respgate hash-password` prints"},
      {{">" + std::string(4097, 'x')}, "error: the password is longer than 4096 bytes, which AUTH refuses; write a shorter one"},
  });
}

TEST(RulesTest, PasswordsMayHoldAnyByte) {
  const auto principal = parse_user("u", {">a b\0c\n"s});
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->passwords()[0], Secret::of_password("a b\0c\n"s));
}

TEST(RulesTest, HashesAreHiddenOnRequest) {
  const auto principal = parse_user("u", {">p"});
  EXPECT_EQ(describe(*principal, Hashes::kHide), "user u off sanitize-payload resetchannels -@all");
}

std::string keys_of(const Rules& rules) {
  const auto principal = parse_user("u", rules);
  return principal ? describe_keys(principal->selectors()[0]) : "error: " + principal.error().errors.front().what;
}

TEST(RulesTest, KeyPatterns) {
  const std::string after_all =
      "error: a key pattern after '~*' or 'allkeys' would have no effect; remove it, or write 'resetkeys' before it";
  const std::vector<std::tuple<Rules, std::string>> rows{
      {{"~a*", "~b"}, "~a* ~b"},
      {{"~a", "~a"}, "~a"},
      {{"%R~a", "%w~b", "%rW~c", "%WR~d"}, "%R~a %W~b ~c ~d"},
      {{"%R~a", "%W~a"}, "~a"},
      {{"allkeys"}, "~*"},
      {{"~a", "AllKeys"}, "~*"},
      {{"~*", "~a"}, after_all},
      {{"allkeys", "%R~a"}, after_all},
      {{"~*", "resetkeys", "~a"}, "~a"},
      {{"~"}, "~"},
      {{"%RW~*", "~b"}, "%RW~* ~b"},  // less than ~*, which does not read back as such
      {{"%R~*", "%W~*"}, "%RW~*"},
      {{"~\xc3\xa9*"}, "~\xc3\xa9*"},
      {{"~" + std::string(1024, 'x')}, "~" + std::string(1024, 'x')},
      {{"~" + std::string(1025, 'x')}, "error: the pattern is longer than 1024 bytes; write a shorter one"},
      {{"~a b"}, "error: a pattern holds no blanks and no NUL; write '?' in their place"},
      {{"~a\tb"}, "error: a pattern holds no blanks and no NUL; write '?' in their place"},
      {{"~[\xff]"}, "error: bytes of 0x80 and above inside [...] differ between servers; write '?' or one pattern for each"},
  };
  for (const auto& [rules, keys] : rows) EXPECT_EQ(keys_of(rules), keys) << testing::PrintToString(rules);
}

TEST(RulesTest, KeyLettersThatCannotBeRead) {
  for (const std::string rule : {"%", "%R", "%RW", "%~a", "%X~a", "%RR~a", "%Ra", "%R ~a"})
    EXPECT_EQ(keys_of({rule}), "error: cannot read '" + rule + "'; write %R~pattern, %W~pattern or %RW~pattern");
}

TEST(RulesTest, ChannelPatterns) {
  const auto channels = [](const Rules& rules) {
    const auto principal = parse_user("u", rules);
    return principal ? describe_channels(principal->selectors()[0]) : principal.error().errors.front().what;
  };
  EXPECT_EQ(channels({}), "");
  EXPECT_EQ(channels({"&a", "&b*", "&a"}), "&a &b*");
  EXPECT_EQ(channels({"&a", "allchannels"}), "&*");
  EXPECT_EQ(channels({"&*", "resetchannels", "&a"}), "&a");
  EXPECT_EQ(channels({"&**"}), "&**");
  EXPECT_EQ(channels({"&*", "&a"}),
            "a channel pattern after '&*' or 'allchannels' would have no effect; remove it, or write 'resetchannels' before it");
  EXPECT_EQ(channels({"&a b"}), "a pattern holds no blanks and no NUL; write '?' in their place");
}

TEST(RulesTest, Databases) {
  const auto databases = [](const Rules& rules) {
    const auto principal = parse_user("u", rules);
    return principal ? describe_databases(principal->selectors()[0]) : principal.error().errors.front().what;
  };
  EXPECT_EQ(databases({}), "alldbs");
  EXPECT_EQ(databases({"db=3,0,3"}), "db=0,3");
  EXPECT_EQ(databases({"DB=1", "db=2"}), "db=2");
  EXPECT_EQ(databases({"db=1", "resetdbs"}), "resetdbs");
  EXPECT_EQ(databases({"db=1", "AllDBs"}), "alldbs");
  EXPECT_EQ(databases({"db=2147483647"}), "db=2147483647");
  for (const std::string ids : {"", "x", "-1", "01", "+1", "1,", ",1", "1,,2", "2147483648", "99999999999999999999"})
    EXPECT_NE(databases({"db=" + ids}).find("is not the number of a database; write db=0 or db=0,3"), std::string::npos) << ids;
}

std::string commands_of(const Rules& rules) {
  const auto principal = parse_user("u", rules);
  return principal ? principal->selectors()[0].command_rules() : "error: " + principal.error().errors.front().what;
}

TEST(RulesTest, CommandRulesKeepTheirOrderAndDropWhatIsRepeated) {
  const std::vector<std::tuple<Rules, std::string>> rows{
      {{"+GET", "-@Dangerous"}, "-@all +get -@dangerous"},
      {{"+@all", "-get", "+get"}, "+@all +get"},
      {{"allcommands", "-config|get", "+config"}, "+@all +config"},
      {{"+get", "+@read", "-get"}, "-@all +@read -get"},
      {{"+get", "nocommands"}, "-@all"},
      {{"+@ALL"}, "+@all"},
      {{"+select|0", "+select|1", "+SELECT|0"}, "-@all +select|1 +select|0"},
      {{"+select|0", "+select"}, "-@all +select"},
      {{"+select|0,1"}, "-@all +select|0,1"},
      {{"+config|get", "+client|id"}, "-@all +config|get +client|id"},
  };
  for (const auto& [rules, commands] : rows) EXPECT_EQ(commands_of(rules), commands) << testing::PrintToString(rules);
}

TEST(RulesTest, CommandRulesThatCannotBe) {
  const std::vector<std::tuple<std::string, std::string>> rows{
      {"+gett", "unknown command 'gett'; did you mean 'get'?"},
      {"-nosuchthing", "unknown command 'nosuchthing'"},
      {"+config|gt", "unknown command 'config|gt'; did you mean 'config|get'?"},
      {"-config|gt", "unknown command 'config|gt'; did you mean 'config|get'?"},
      {"+nosuchthing|x", "unknown command 'nosuchthing'"},
      {"-nosuchthing|x", "unknown command 'nosuchthing|x'"},
      {"+config|get|x", "allowing a first argument of a subcommand is not supported; write '+config|get'"},
      {"+select|a|b", "unknown command 'select|a'; did you mean 'select'?"},
      {"+select|", "a subcommand or first argument must follow '|'; write '+select' for all of it"},
      {"+config|", "a subcommand or first argument must follow '|'; write '+config' for all of it"},
      {"-select|0", "a first argument can only be allowed; write '-select' and allow what may pass, like '+select|0'"},
      {"+@raed", "unknown category 'raed'; did you mean 'read'?"},
      {"-@", "unknown category ''"},
      {"+@read,+@write",
       "no name of a command holds ',' or ';'; write each rule by itself, with a blank between them, like '+@read +@write'"},
      {"+get;set", "no name of a command holds ',' or ';'; write each rule by itself, with a blank between them, like '+@read +@write'"},
      {"+", "a command or @category must follow '+', like '+get' or '-@dangerous'"},
      {"+get\n", "blanks and control bytes have no place in the name of a command"},
  };
  for (const auto& [rule, what] : rows) EXPECT_EQ(commands_of({rule}), "error: " + what);
}

TEST(RulesTest, AllCommandsIsLostWhileSomethingIsTakenAway) {
  const auto is_all = [](const Rules& rules) { return parse_user("u", rules)->selectors()[0].commands().is_all(); };
  EXPECT_TRUE(is_all({"+@all"}));
  EXPECT_FALSE(is_all({"+@all", "-get"}));
  EXPECT_FALSE(is_all({"+@all", "-config|get"}));
  EXPECT_FALSE(is_all({"+@all", "-@dangerous"}));
  EXPECT_TRUE(is_all({"+@all", "-@dangerous", "+@dangerous"}));
}

TEST(RulesTest, Selectors) {
  expect_rows({
      {{"(~a* +get)"}, "off sanitize-payload resetchannels -@all (~a* resetchannels -@all +get)"},
      {{"(~a*", "+get)"}, "off sanitize-payload resetchannels -@all (~a* resetchannels -@all +get)"},
      {{"(", "+get", ")"}, "off sanitize-payload resetchannels -@all (resetchannels -@all +get)"},
      {{"(+get\t~a)"}, "off sanitize-payload resetchannels -@all (~a resetchannels -@all +get)"},
      {{"()"}, "off sanitize-payload resetchannels -@all (resetchannels -@all)"},
      {{"(+get)", "(&x db=1)"}, "off sanitize-payload resetchannels -@all (resetchannels -@all +get) (resetchannels &x db=1 -@all)"},
      {{"(+get)", "clearselectors"}, "off sanitize-payload resetchannels -@all"},
      {{"(+@all ~* &*)"}, "off sanitize-payload resetchannels -@all (~* &* +@all)"},
      {{"~a(", "+get"}, "off sanitize-payload ~a( resetchannels -@all +get"},
  });
}

TEST(RulesTest, SelectorsThatCannotBe) {
  const std::string no_rule =
      "error: no such rule inside a selector; write commands, keys, channels or databases, like (~app:* +@read), and the rest outside";
  expect_rows({
      {{"(+get"}, "error: this '(' is never closed; write ')' behind the last rule of the selector"},
      {{"("}, "error: this '(' is never closed; write ')' behind the last rule of the selector"},
      {{"(on)"}, no_rule},
      {{"(>p)"}, no_rule},
      {{"(reset)"}, no_rule},
      {{"(~\"x\")"},
       "error: quotes inside a selector mean something else to every server; write the rule without them, '?' for the quote itself"},
      {{"(~'x)"},
       "error: quotes inside a selector mean something else to every server; write the rule without them, '?' for the quote itself"},
      {{"(+get (~a))"}, "error: selectors cannot be nested; close this one with ')' first"},
      {{"(~a))"}, "error: a rule inside a selector cannot end with ')', where the selector would end; write [)] in a pattern"},
      {{"(~a\0b)"s}, "error: NUL bytes are not part of any rule; remove them"},
  });
}

TEST(RulesTest, ResetLeavesANewUser) {
  const std::string fresh = "off sanitize-payload resetchannels -@all";
  expect_rows({{{"on", ">p", "nopass", "~a", "&b", "+get", "db=1", "skip-sanitize-payload", "(+set)", "reset"}, fresh}});
}

TEST(RulesTest, NulBytesOnlyInPasswords) {
  EXPECT_EQ(described({"on\0junk"s}), "error: NUL bytes are not part of any rule; remove them");
  EXPECT_EQ(described({"+get\0x"s}), "error: NUL bytes are not part of any rule; remove them");
}

TEST(RulesTest, UnknownRulesSuggestANearOne) {
  EXPECT_EQ(described({"allkey"}).substr(0, 47), "error: no such rule; did you mean 'allkeys'?; w");
}

}  // namespace
}  // namespace respgate::acl
