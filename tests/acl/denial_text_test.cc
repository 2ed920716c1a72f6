// What a denied client reads, in the words of both server generations.
#include <gtest/gtest.h>

#include "acl/authorizer.h"
#include "acl/policy_parser.h"

namespace respgate::acl {
namespace {

struct Texts {
  std::string denial;
  std::string dryrun;
  bool operator==(const Texts&) const = default;
};

class DenialTextTest : public testing::Test {
 protected:
  Texts texts_of(const std::vector<std::string>& rules, const std::vector<std::string_view>& args, ServerTexts texts) {
    const Principal principal = *parse_user("alice", rules);
    const protocol::CommandSpec& spec = *protocol::find_command(args).spec;
    protocol::TargetFinder finder;
    const protocol::Targets& targets = finder.find(spec, args);
    const Decision decision = authorize(principal, spec, args, targets, options_, 0);
    EXPECT_FALSE(decision.allowed());
    return {denial_text(decision, principal, spec, targets, texts), dryrun_text(decision, principal, spec, args, texts)};
  }
  std::string denial_of(const std::vector<std::string>& rules, const std::vector<std::string_view>& args) {
    const Texts old = texts_of(rules, args, ServerTexts::kRedis70), now = texts_of(rules, args, ServerTexts::kRedis72);
    EXPECT_EQ(old.denial, now.denial);
    return now.denial;
  }

  PolicyOptions options_;
};

TEST_F(DenialTextTest, OfRedis70) {
  const ServerTexts texts = ServerTexts::kRedis70;
  EXPECT_EQ(texts_of({}, {"config", "get", "x"}, texts), (Texts{"NOPERM this user has no permissions to run the 'config|get' command",
                                                                "This user has no permissions to run the 'config|get' command"}));
  EXPECT_EQ(texts_of({"+@all"}, {"get", "k"}, texts),
            (Texts{"NOPERM this user has no permissions to access one of the keys used as arguments",
                   "This user has no permissions to access the 'k' key"}));
  EXPECT_EQ(texts_of({"+@all"}, {"subscribe", "c"}, texts),
            (Texts{"NOPERM this user has no permissions to access one of the channels used as arguments",
                   "This user has no permissions to access the 'c' channel"}));
}

TEST_F(DenialTextTest, OfRedis72AndValkey) {
  const ServerTexts texts = ServerTexts::kRedis72;
  EXPECT_EQ(texts_of({}, {"CONFIG", "get", "x"}, texts), (Texts{"NOPERM User alice has no permissions to run the 'config|get' command",
                                                                "User alice has no permissions to run the 'config|get' command"}));
  EXPECT_EQ(texts_of({"+@all"}, {"mget", "a", "k"}, texts),
            (Texts{"NOPERM No permissions to access a key", "User alice has no permissions to access the 'a' key"}));
  EXPECT_EQ(texts_of({"+@all"}, {"subscribe", "c"}, texts),
            (Texts{"NOPERM No permissions to access a channel", "User alice has no permissions to access the 'c' channel"}));
}

TEST_F(DenialTextTest, OfDatabases) {
  EXPECT_EQ(denial_of({"+@all", "~*", "db=1"}, {"get", "k"}), "NOPERM No permissions to access database");
}

TEST_F(DenialTextTest, OfScripts) {
  EXPECT_EQ(denial_of({"+@all", "~a"}, {"eval", "s", "0"}), "NOPERM respgate: scripts are limited to unrestricted users");
}

TEST_F(DenialTextTest, OfSortIsTheServersOwn) {
  EXPECT_EQ(denial_of({"+@all", "~k"}, {"sort", "k", "by", "w*"}), "ERR BY option of SORT denied due to insufficient ACL permissions.");
  EXPECT_EQ(denial_of({"+@all", "~k"}, {"sort", "k", "get", "#"}), "ERR GET option of SORT denied due to insufficient ACL permissions.");
}

TEST_F(DenialTextTest, OfWhatCannotBeUnderstoodIsTheCommandsOwnError) {
  EXPECT_EQ(denial_of({"+@all", "~*"}, {"zunion", "+1", "k"}), "ERR value is not an integer or out of range");
}

TEST_F(DenialTextTest, OfNamesOfKeysIsThatOfKeys) {
  options_.require_all_keys_for_keyspace = true;
  EXPECT_EQ(texts_of({"+@all", "~a"}, {"scan", "0"}, ServerTexts::kRedis72).denial, "NOPERM No permissions to access a key");
}

TEST_F(DenialTextTest, DryrunSaysWhatTheServerWouldOnlyFindOutLater) {
  options_.require_all_keys_for_keyspace = true;
  const auto dryrun = [&](const std::vector<std::string>& rules, const std::vector<std::string_view>& args) {
    return texts_of(rules, args, ServerTexts::kRedis72).dryrun;
  };
  const std::vector<std::string> limited{"+@all", "~k"};
  EXPECT_EQ(dryrun(limited, {"sort", "k", "by", "w*"}), "User alice has no permissions to read every key, as BY and GET of SORT need");
  EXPECT_EQ(dryrun(limited, {"sort", "k", "get", "#"}), "User alice has no permissions to read every key, as BY and GET of SORT need");
  EXPECT_EQ(dryrun(limited, {"eval", "s", "0"}), "User alice has limits, and scripts are limited to unrestricted users");
  EXPECT_EQ(dryrun(limited, {"scan", "0"}), "User alice has no permissions to access every key, as 'scan' needs");
  EXPECT_EQ(dryrun(limited, {"zunion", "+1", "k"}), "The keys of 'zunion' cannot be told from these arguments");
  EXPECT_EQ(dryrun({"+@all", "~*", "db=1"}, {"get", "k"}), "User alice has no permissions to access the database");
}

TEST(ReasonNameTest, IsTheLabelOfTheMetric) {
  using Reason = Decision::Reason;
  EXPECT_EQ(reason_name(Reason::kCommand), "command");
  EXPECT_EQ(reason_name(Reason::kKey), "key");
  EXPECT_EQ(reason_name(Reason::kChannel), "channel");
  EXPECT_EQ(reason_name(Reason::kDatabase), "database");
  EXPECT_EQ(reason_name(Reason::kAllowed), "allowed");
}

}  // namespace
}  // namespace respgate::acl
