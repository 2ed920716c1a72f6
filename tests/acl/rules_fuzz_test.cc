// Random rules: never a crash, and what can be read is read back from its own
// description as the same principal.
#include <random>

#include <gtest/gtest.h>

#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

class RuleSource {
 public:
  explicit RuleSource(unsigned seed) : random_(seed) {}

  std::string line() {
    std::string text = "user u";
    for (std::size_t i = pick(8); i > 0; --i) text += " " + rule();
    return text;
  }

  std::string noise() {
    constexpr std::string_view kBytes = "user \n\t()~%&+-@|*[]\\\"'#<>!=,RWx0\x7f\x80\xff";
    std::string text;
    for (std::size_t i = pick(60); i > 0; --i) text += pick(40) == 0 ? '\0' : kBytes[pick(kBytes.size())];
    return text;
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }

  std::string rule() {
    switch (pick(10)) {
      case 0: return words({"on", "off", "nopass", ">p", ">q", "#", "resetpass", "reset", "skip-sanitize-payload"});
      case 1: return "(" + selector_rule() + " " + selector_rule() + ")";
      case 2: return "(" + selector_rule() + ")";
      case 3: return words({"clearselectors", "()", "(", ")"});
      default: return selector_rule();
    }
  }

  std::string selector_rule() {
    switch (pick(7)) {
      case 0: return words({"~", "%R~", "%W~", "%RW~", "%wr~"}) + pattern();
      case 1: return "&" + pattern();
      case 2: return words({"allkeys", "resetkeys", "&*", "resetchannels", "+@all", "-@all", "alldbs", "resetdbs", "~*"});
      case 3: return words({"db=0", "db=7,3", "db=", "db=1,1"});
      case 4: return words({"+@", "-@"}) + words({"read", "write", "dangerous", "connection", "admin", "slow"});
      default:
        return words({"+", "-"}) + words({"get", "GET", "config", "config|get", "CONFIG|SET", "select", "select|0", "select|A", "nosuch"});
    }
  }

  std::string pattern() {
    constexpr std::string_view kBytes = "ab*?[]^-\\(:)";
    std::string text;
    for (std::size_t i = pick(6); i > 0; --i) text += kBytes[pick(kBytes.size())];
    return text;
  }

  std::string words(std::initializer_list<std::string> choices) { return *(choices.begin() + pick(choices.size())); }

  std::mt19937 random_;
};

TEST(RulesFuzzTest, DescriptionOfAPrincipalReadsBackAsTheSamePrincipal) {
  RuleSource source(7);
  std::size_t read = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string line = source.line();
    const PrincipalsResult first = parse_policy(line);
    if (!first) continue;
    ++read;
    const Principal& principal = first->back();
    const PrincipalsResult second = parse_policy(describe(principal, Hashes::kShow));
    ASSERT_TRUE(second) << line << "\n" << describe(principal, Hashes::kShow) << "\n" << second.error().errors.front().what;
    ASSERT_EQ(second->back(), principal) << line << "\n" << describe(principal, Hashes::kShow);
  }
  EXPECT_GT(read, 5'000u);
}

TEST(RulesFuzzTest, NoiseGivesErrorsWithAPlaceOrPrincipals) {
  RuleSource source(11);
  for (int i = 0; i < 40'000; ++i) {
    const std::string text = source.noise();
    const PrincipalsResult result = parse_policy(text);
    if (result) {
      ASSERT_FALSE(result->empty());
      continue;
    }
    ASSERT_FALSE(result.error().errors.empty());
    for (const PolicyError& error : result.error().errors) {
      ASSERT_GE(error.line, 1u);
      ASSERT_GE(error.column, 1u);
      ASSERT_LE(error.column, text.size() + 1);
      ASSERT_FALSE(error.what.empty());
    }
  }
}

}  // namespace
}  // namespace respgate::acl
