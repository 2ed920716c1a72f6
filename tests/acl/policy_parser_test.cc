// users.acl as a file: loaded whole or not at all, every error with its place.
#include "acl/policy_parser.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace respgate::acl {
namespace {

using namespace std::string_literals;

// "2:7 unknown command …" for every error, one a line.
std::string errors_of(std::string_view text) {
  const PrincipalsResult result = parse_policy(text);
  std::string lines;
  if (result) return "none";
  for (const PolicyError& error : result.error().errors)
    lines += std::to_string(error.line) + ":" + std::to_string(error.column) + " " + error.what + "\n";
  return lines;
}

std::vector<Principal> principals_of(std::string_view text) {
  const PrincipalsResult result = parse_policy(text);
  EXPECT_TRUE(result) << errors_of(text);
  return result ? *result : std::vector<Principal>{};
}

TEST(PolicyParserTest, UsersAreSortedByNameBytes) {
  const auto principals = principals_of("user b on\nuser default off\nuser B\nuser \xc3\xa9\n");
  ASSERT_EQ(principals.size(), 4u);
  EXPECT_EQ(principals[0].name(), "B");
  EXPECT_EQ(principals[1].name(), "b");
  EXPECT_EQ(principals[2].name(), "default");
  EXPECT_EQ(principals[3].name(), "\xc3\xa9");
}

// Most patterns are passed over by their first byte alone: that must not pass over one that matches.
TEST(PolicyParserTest, AUserIsGrantedWhatAnyOfItsPatternsMatches) {
  constexpr std::string_view kBytes = "ab*?\\\xff";
  std::mt19937 random(7);
  const auto text = [&](std::size_t least) {
    std::string result(least + random() % 4, ' ');
    for (char& byte : result) byte = kBytes[random() % kBytes.size()];
    return result;
  };
  std::size_t granted = 0, denied = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string line = "user u on";
    for (int i = 0; i < 4; ++i) line += (random() % 2 == 0 ? " %R~" : " %W~") + text(1);
    const auto principals = principals_of("user default off\n" + line + "\n");
    const Selector& selector = principals.back().selectors().front();
    for (int i = 0; i < 20; ++i) {
      const std::string key = text(0);
      const bool is_granted = std::ranges::any_of(selector.key_grants(), [&](const KeyGrant& grant) {
        const auto access = static_cast<unsigned>(grant.access);
        return (access & static_cast<unsigned>(protocol::Access::kRead)) != 0 && glob_matches(grant.pattern.text(), key);
      });
      ASSERT_EQ(selector.grants(key, protocol::Access::kRead), is_granted) << line << " / " << key;
      ++(is_granted ? granted : denied);
    }
  }
  EXPECT_GT(granted, 1000U);
  EXPECT_GT(denied, 1000U);
}

TEST(PolicyParserTest, FileWithoutDefaultGivesAPowerlessOne) {
  for (const std::string_view text : {"", "\n", "user alice on\n"}) {
    const auto principals = principals_of(text);
    ASSERT_FALSE(principals.empty());
    const Principal& fallback = principals.back();
    EXPECT_EQ(describe(fallback, Hashes::kShow), "user default off sanitize-payload resetchannels -@all");
    EXPECT_EQ(fallback.line(), 0u);
  }
}

TEST(PolicyParserTest, DefaultLineStartsFromNothing) {
  EXPECT_EQ(describe(principals_of("user default on nopass\n")[0], Hashes::kShow),
            "user default on nopass sanitize-payload resetchannels -@all");
}

TEST(PolicyParserTest, LinesRememberWhereTheyStood) { EXPECT_EQ(principals_of("\n\nuser default on\n")[0].line(), 3u); }

TEST(PolicyParserTest, BlanksAroundALineAndBlankLinesAreNothing) {
  EXPECT_EQ(principals_of(" \t\r\n\t user a on \r\n\n").size(), 2u);
  EXPECT_EQ(principals_of("user a on").size(), 2u);  // no newline at the end
}

TEST(PolicyParserTest, DoubleBlanksBetweenRulesAreHarmless) {
  EXPECT_EQ(describe(principals_of("user a on  +get\n")[0], Hashes::kShow), "user a on sanitize-payload resetchannels -@all +get");
}

TEST(PolicyParserTest, DoubleBlankBeforeTheNameIsNotANamelessUser) {
  EXPECT_EQ(errors_of("user  alice on +nosuchthing\n"),
            "1:6 a user without a name, which two blanks in a row would define; write: user <name> <rules>\n"
            "1:16 unknown command 'nosuchthing'\n");
}

TEST(PolicyParserTest, EveryErrorIsReportedWithItsPlace) {
  EXPECT_EQ(errors_of("user a on +gett ~* ~b\n"
                      "# comment\n"
                      "USER b\n"
                      "usr c\n"
                      "  user\n"
                      "user a off\n"
                      "user d (+get\n"
                      "user e\ton\n"
                      "user f %R #12\n"),
            "1:11 unknown command 'gett'; did you mean 'get'?\n"
            "1:20 a key pattern after '~*' or 'allkeys' would have no effect; remove it, or write 'resetkeys' before it\n"
            "2:1 comments are not part of the ACL file language; remove the line\n"
            "3:1 the keyword is 'user' in lower case; write: user <name> <rules>\n"
            "4:1 a line begins with the keyword 'user'; write: user <name> <rules>\n"
            "5:3 the name of the user is missing; write: user <name> <rules>\n"
            "6:6 user 'a' is already defined on line 1; put all its rules on one line\n"
            "7:8 this '(' is never closed; write ')' behind the last rule of the selector\n"
            "8:6 blanks, tabs and control bytes have no place in a user's name; write a name without them\n"
            "9:8 cannot read '%R'; write %R~pattern, %W~pattern or %RW~pattern\n"
            "9:11 a password hash is exactly 64 lower-case hexadecimal digits; write what `respgate hash-password` prints\n");
}

TEST(PolicyParserTest, NulBytesAreErrorsEverywhere) {
  EXPECT_EQ(errors_of("user a on\0junk\n"s), "1:10 NUL bytes are not part of the ACL file language; remove them\n");
  EXPECT_EQ(errors_of("user a >p\0w\n"s), "1:10 NUL bytes are not part of the ACL file language; remove them\n");
}

TEST(PolicyParserTest, ByteOrderMarkIsExplained) {
  EXPECT_EQ(errors_of("\xef\xbb\xbfuser a on\n"), "1:1 the file begins with a byte order mark; save it as plain UTF-8 without one\n");
}

TEST(PolicyParserTest, NamesAreBoundedAndWithoutControlBytes) {
  EXPECT_EQ(errors_of("user " + std::string(1024, 'x') + "\n"), "none");
  EXPECT_EQ(errors_of("user " + std::string(1025, 'x') + "\n"), "1:6 the user's name is longer than 1024 bytes; write a shorter one\n");
  EXPECT_NE(errors_of("user a\x7f\n"), "none");
  EXPECT_NE(errors_of("user a\x1b[0m\n"), "none");
}

TEST(PolicyParserTest, ErrorsAreColumnsInBytesInsideSelectorsToo) {
  EXPECT_EQ(errors_of("user a on (~a* +nosuchthing) (on %X~y)\n"),
            "1:16 unknown command 'nosuchthing'\n"
            "1:31 no such rule inside a selector; write commands, keys, channels or databases, like (~app:* +@read), and the rest outside\n"
            "1:34 cannot read '%X~y'; write %R~pattern, %W~pattern or %RW~pattern\n");
}

TEST(PolicyParserTest, NothingOfASecretIsInAnError) {
  for (const std::string_view rule : {"hunter2secret", "#hunter2secret", "<hunter2secret", "!hunter2secret", "(hunter2secret)"}) {
    const std::string errors = errors_of("user a on " + std::string(rule) + "\n");
    EXPECT_NE(errors, "none");
    EXPECT_EQ(errors.find("hunter2"), std::string::npos) << errors;
  }
}

TEST(PolicyParserTest, ErrorsArePrintable) {
  const std::string errors = errors_of("user a +\x1b[31m\xff&x %\x01~\x02 db=\x03\n");
  for (const char byte : errors) EXPECT_TRUE(byte == '\n' || (byte >= ' ' && byte < 0x7f)) << errors;
}

TEST(PolicyParserTest, SetuserRulesCountTheirColumnsAsOneLine) {
  const auto result = parse_user("alice", {"on", "+get", "+nosuch", "(~a", "+nosuch)"});
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().errors.size(), 2u);
  EXPECT_EQ(result.error().errors[0].column, 9u);
  EXPECT_EQ(result.error().errors[1].column, 21u);
}

TEST(PolicyParserTest, SetuserNamesAreCheckedToo) {
  EXPECT_FALSE(parse_user("", {"on"}));
  EXPECT_FALSE(parse_user("a b", {"on"}));
  EXPECT_FALSE(parse_user("a\0b"s, {"on"}));
}

}  // namespace
}  // namespace respgate::acl
