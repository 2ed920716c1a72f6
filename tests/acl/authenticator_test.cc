#include "acl/authenticator.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

// Users with no, one, three passwords, any, and switched off.
std::unique_ptr<Policy> make_policy(std::shared_ptr<const TokenVerifier> tokens = nullptr) {
  PolicyOptions options;
  options.tokens = std::move(tokens);
  auto principals = parse_policy(
      "user one on >pw\n"
      "user three on >a >b >c\n"
      "user any on nopass\n"
      "user none on\n"
      "user off off >pw\n"
      "user off-any off nopass\n"
      "user empty on >\n");
  return std::make_unique<Policy>(std::move(*principals), std::vector<CommandRules::Group>{{"staff", {"one", "off"}}, {"nobody", {}}},
                                  CommandRules{}, options, 1);
}

AuthOutcome outcome(std::string_view user, std::string_view password, std::string_view group = {}) {
  return authenticate(*make_policy(), {user, password}, group).outcome;
}

TEST(AuthenticatorTest, RightPasswordNamesThePrincipal) {
  const auto policy = make_policy();
  const AuthResult result = authenticate(*policy, {"one", "pw"});
  EXPECT_EQ(result.outcome, AuthOutcome::kOk);
  EXPECT_EQ(result.principal, policy->find("one"));
}

TEST(AuthenticatorTest, EachOfSeveralPasswordsFits) {
  for (const std::string_view password : {"a", "b", "c"}) EXPECT_EQ(outcome("three", password), AuthOutcome::kOk);
  EXPECT_EQ(outcome("three", "d"), AuthOutcome::kWrongPassword);
}

TEST(AuthenticatorTest, FailuresAreToldApartAndNameNobody) {
  const auto policy = make_policy();
  EXPECT_EQ(outcome("one", "PW"), AuthOutcome::kWrongPassword);
  EXPECT_EQ(outcome("One", "pw"), AuthOutcome::kUnknownUser);
  EXPECT_EQ(outcome("", "pw"), AuthOutcome::kUnknownUser);
  EXPECT_EQ(outcome("off", "pw"), AuthOutcome::kUserOff);
  EXPECT_EQ(outcome("off", "wrong"), AuthOutcome::kUserOff);
  EXPECT_EQ(outcome("off-any", "x"), AuthOutcome::kUserOff);
  EXPECT_EQ(authenticate(*policy, {"one", "wrong"}).principal, nullptr);
  EXPECT_EQ(authenticate(*policy, {"off", "pw"}).principal, nullptr);
}

TEST(AuthenticatorTest, NopassTakesAnyPasswordAndNoPasswordTakesNone) {
  EXPECT_EQ(outcome("any", ""), AuthOutcome::kOk);
  EXPECT_EQ(outcome("any", "whatever"), AuthOutcome::kOk);
  EXPECT_EQ(outcome("none", ""), AuthOutcome::kWrongPassword);
  EXPECT_EQ(outcome("empty", ""), AuthOutcome::kOk);
  EXPECT_EQ(outcome("empty", "x"), AuthOutcome::kWrongPassword);
}

// Comparisons with nobody's digest must not let in a password whose digest it is.
TEST(AuthenticatorTest, PaddingIsNobodysPassword) {
  const Secret padding;
  EXPECT_TRUE(padding.equals(Secret::Digest{}));
  EXPECT_EQ(outcome("one", ""), AuthOutcome::kWrongPassword);
}

TEST(AuthenticatorTest, OverlongPasswordsNeverFit) {
  const std::string longest(kMaxPasswordBytes, '\0'), longer(kMaxPasswordBytes + 1, '\0');
  auto principals = parse_policy("user zeros on #" + Secret::of_password(longest).to_hex() + "\nuser any on nopass\n");
  const Policy policy(std::move(*principals), {}, {}, {}, 1);
  EXPECT_EQ(authenticate(policy, {"zeros", longest}).outcome, AuthOutcome::kOk);
  // What is hashed in its place are as many zeros: still not a password.
  EXPECT_EQ(authenticate(policy, {"zeros", longer}).outcome, AuthOutcome::kWrongPassword);
  EXPECT_EQ(authenticate(policy, {"any", longer}).outcome, AuthOutcome::kWrongPassword);
}

TEST(AuthenticatorTest, OnlyMembersOfTheGroupGetIn) {
  EXPECT_EQ(outcome("one", "pw", "staff"), AuthOutcome::kOk);
  EXPECT_EQ(outcome("any", "pw", "staff"), AuthOutcome::kNotInGroup);
  EXPECT_EQ(outcome("any", "pw", "nobody"), AuthOutcome::kNotInGroup);
  EXPECT_EQ(outcome("any", "pw", "no-such-group"), AuthOutcome::kNotInGroup);
  EXPECT_EQ(outcome("three", "wrong", "staff"), AuthOutcome::kWrongPassword);
}

TEST(AuthenticatorTest, EveryOutcomeTakesTheSameWork) {
  const auto policy = make_policy();
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{64}, kMaxPasswordBytes, kMaxPasswordBytes + 1, std::size_t{1} << 20}) {
    for (const std::string_view user : {"one", "three", "any", "none", "off", "off-any", "nobody-of-that-name", ""}) {
      for (const std::string_view group : {"", "staff", "no-such-group"}) {
        const AuthResult result = authenticate(*policy, {user, std::string(length, 'p')}, group);
        EXPECT_EQ(result.hashed_bytes, std::min(length, kMaxPasswordBytes)) << user;
        EXPECT_EQ(result.comparisons, 3u) << user;  // as many as the user with most passwords has
      }
    }
  }
  EXPECT_EQ(authenticate(*policy, {"three", "a"}).comparisons, 3u);  // the first fits, the rest is compared all the same
}

// Takes the token "good" of the user "none", until second 100; counts how often it is asked.
class FakeTokens final : public TokenVerifier {
 public:
  TokenVerdict judge(std::string_view user, std::string_view token, std::int64_t unix_s) const override {
    ++asked;
    if (user == "none" && token == "good" && unix_s < 100) return {true, ""};
    return {false, user == "none" || user == "off" ? (token == "good" ? "expired" : "malformed") : ""};
  }
  mutable unsigned asked = 0;
};

TEST(AuthenticatorTest, ASignedTokenLogsInWhoHasNoPassword) {
  const auto tokens = std::make_shared<FakeTokens>();
  const auto policy = make_policy(tokens);
  EXPECT_EQ(authenticate(*policy, {"none", "good"}, "", 99).outcome, AuthOutcome::kOk);
  EXPECT_EQ(authenticate(*policy, {"none", "good"}, "", 100).outcome, AuthOutcome::kWrongPassword);
  EXPECT_EQ(authenticate(*policy, {"none", "bad"}, "", 99).outcome, AuthOutcome::kWrongPassword);
  EXPECT_EQ(authenticate(*policy, {"one", "good"}, "", 99).outcome, AuthOutcome::kWrongPassword);
  EXPECT_EQ(authenticate(*policy, {"nobody-of-that-name", "good"}, "", 99).outcome, AuthOutcome::kUnknownUser);
  EXPECT_EQ(authenticate(*policy, {"none", "good"}, "no-such-group", 99).outcome, AuthOutcome::kNotInGroup);
}

TEST(AuthenticatorTest, WhatIsWrongWithATokenIsToldOfWhoHasTokens) {
  const auto policy = make_policy(std::make_shared<FakeTokens>());
  EXPECT_EQ(authenticate(*policy, {"none", "good"}, "", 99).token_fault, "");
  EXPECT_EQ(authenticate(*policy, {"none", "good"}, "", 100).token_fault, "expired");
  EXPECT_EQ(authenticate(*policy, {"none", "bad"}, "", 99).token_fault, "malformed");
  EXPECT_EQ(authenticate(*policy, {"one", "good"}, "", 99).token_fault, "");
  EXPECT_EQ(authenticate(*policy, {"off", "good"}, "", 100).token_fault, "");  // that he is off is why
  EXPECT_EQ(authenticate(*policy, {"nobody-of-that-name", "good"}, "", 99).token_fault, "");
}

TEST(AuthenticatorTest, WhereThereAreTokensEveryPasswordIsJudgedAsOne) {
  const auto tokens = std::make_shared<FakeTokens>();
  const auto policy = make_policy(tokens);
  for (const std::string_view user : {"one", "three", "any", "none", "off", "nobody-of-that-name"}) {
    tokens->asked = 0;
    authenticate(*policy, {user, "a"}, "", 0);
    EXPECT_EQ(tokens->asked, 1u) << user;
  }
}

TEST(AuthenticatorTest, OutcomesHaveTheNamesOfTheMetric) {
  EXPECT_EQ(auth_outcome_name(AuthOutcome::kOk), "ok");
  EXPECT_EQ(auth_outcome_name(AuthOutcome::kWrongPassword), "wrong_password");
  EXPECT_EQ(auth_outcome_name(AuthOutcome::kUnknownUser), "unknown_user");
  EXPECT_EQ(auth_outcome_name(AuthOutcome::kUserOff), "user_off");
  EXPECT_EQ(auth_outcome_name(AuthOutcome::kNotInGroup), "not_in_group");
  EXPECT_EQ(auth_outcome_name(AuthOutcome::kCertificate), "certificate");
  EXPECT_EQ(auth_outcome_name(AuthOutcome::kLockedOut), "locked_out");
}

TEST(SecretTest, HexIsExactlySixtyFourLowerCaseDigits) {
  const std::string hex = Secret::of_password("pw").to_hex();
  EXPECT_EQ(hex, "30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4");
  EXPECT_EQ(*Secret::of_hex(hex), Secret::of_password("pw"));
  EXPECT_FALSE(Secret::of_hex(hex.substr(1)));
  EXPECT_FALSE(Secret::of_hex(hex + "0"));
  EXPECT_FALSE(Secret::of_hex("A" + hex.substr(1)));
  EXPECT_FALSE(Secret::of_hex("g" + hex.substr(1)));
}

}  // namespace
}  // namespace respgate::acl
