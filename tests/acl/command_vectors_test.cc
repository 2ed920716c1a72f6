// 145 rule lists × 351 commands, as ACL DRYRUN of redis-server 7.0.15 answered.
#include <map>

#include <gtest/gtest.h>

#include "acl/authorizer.h"
#include "acl/policy_parser.h"
#include "protocol/text.h"
#include "tests/acl/vectors.h"

namespace respgate::acl {
namespace {

struct Verdict {
  std::string name;  // of the command
  bool server_allows;
  Decision ours;
};

// The name's words and as many "1" as its arity asks for.
std::vector<std::string> shortest_request(const protocol::CommandSpec& spec) {
  std::vector<std::string> words;
  std::string name(spec.name);
  if (const std::size_t bar = name.find('|'); bar != std::string::npos) {
    words = {name.substr(0, bar), name.substr(bar + 1)};
  } else {
    words = {name};
  }
  while (!spec.arity_fits(words.size())) words.emplace_back("1");
  return words;
}

Decision decide(const Principal& principal, const protocol::CommandSpec& spec, const PolicyOptions& options) {
  const std::vector<std::string> words = shortest_request(spec);
  const std::vector<std::string_view> args(words.begin(), words.end());
  protocol::TargetFinder finder;
  return authorize(principal, spec, args, finder.find(spec, args), options, 0);
}

std::vector<Verdict> all_verdicts(const PolicyOptions& options) {
  const nlohmann::json vectors = read_vectors("acl_cmd_vectors.json");
  std::vector<Verdict> verdicts;
  for (const auto& row : vectors["cases"]) {
    std::vector<std::string> rules = row["rules"];
    rules.insert(rules.begin(), {"reset", "allkeys", "allchannels"});
    const auto principal = parse_user("u", rules);
    EXPECT_TRUE(principal) << row["rules"];
    const std::string allowed = row["allowed"];
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      const std::string name = vectors["names"][i];
      const protocol::CommandSpec* spec = protocol::find_command_by_name(name);
      EXPECT_NE(spec, nullptr) << name;
      verdicts.push_back({name, allowed[i] == '1', decide(*principal, *spec, options)});
    }
  }
  return verdicts;
}

TEST(CommandVectorsTest, NothingIsAllowedThatTheServerDenies) {
  PolicyOptions open;
  open.scripts = PolicyOptions::Scripts::kAllow;
  const std::vector<Verdict> verdicts = all_verdicts(open);
  EXPECT_EQ(verdicts.size(), 145u * 351u);
  for (const Verdict& verdict : verdicts) {
    if (!verdict.server_allows) {
      EXPECT_EQ(verdict.ours.reason, Decision::Reason::kCommand) << verdict.name;
    }
  }
}

// Where the server allows and we do not, by command.
std::map<std::string, int> stricter(const PolicyOptions& options, Decision::Detail why) {
  std::map<std::string, int> counted;
  for (const Verdict& verdict : all_verdicts(options)) {
    if (verdict.server_allows && !verdict.ours.allowed() && verdict.ours.detail == why) ++counted[verdict.name];
  }
  return counted;
}

PolicyOptions with_scripts(PolicyOptions::Scripts scripts) {
  PolicyOptions options;
  options.scripts = scripts;
  return options;
}

using Counts = std::map<std::string, int>;

// `EVAL 1 1` announces a key it does not have, `XREAD 1 1 1` no stream: the commands themselves refuse them.
TEST(CommandVectorsTest, FaultyRequestsAreRefusedWithTheirError) {
  const Counts expected{{"eval", 43},  {"eval_ro", 43},  {"evalsha", 45}, {"evalsha_ro", 43},
                        {"fcall", 43}, {"fcall_ro", 43}, {"xread", 47},   {"xreadgroup", 45}};
  EXPECT_EQ(stricter(with_scripts(PolicyOptions::Scripts::kAllow), Decision::Detail::kTargets), expected);
}

TEST(CommandVectorsTest, WithScriptsAllowedOnlyChangingFunctionsIsStricter) {
  const Counts expected{{"function|delete", 43}, {"function|flush", 43}, {"function|load", 43}, {"function|restore", 43}};
  EXPECT_EQ(stricter(with_scripts(PolicyOptions::Scripts::kAllow), Decision::Detail::kScript), expected);
}

TEST(CommandVectorsTest, ByDefaultScriptsAndFunctionsAreForTheUnrestricted) {
  const Counts expected{{"eval", 39},           {"eval_ro", 39},          {"evalsha", 41},         {"evalsha_ro", 39},
                        {"fcall", 39},          {"fcall_ro", 39},         {"function|delete", 43}, {"function|dump", 40},
                        {"function|flush", 43}, {"function|help", 41},    {"function|kill", 40},   {"function|list", 41},
                        {"function|load", 43},  {"function|restore", 43}, {"function|stats", 40},  {"script|debug", 41},
                        {"script|exists", 41},  {"script|flush", 41},     {"script|help", 41},     {"script|kill", 41},
                        {"script|load", 42}};
  EXPECT_EQ(stricter(with_scripts(PolicyOptions::Scripts::kDeny), Decision::Detail::kScript), expected);
}

TEST(CommandVectorsTest, NothingElseIsStricter) {
  for (const Verdict& verdict : all_verdicts(PolicyOptions{})) {
    if (!verdict.server_allows || verdict.ours.allowed()) continue;
    const bool is_named = verdict.ours.detail == Decision::Detail::kTargets || verdict.ours.detail == Decision::Detail::kScript;
    EXPECT_TRUE(is_named) << verdict.name;
  }
}

}  // namespace
}  // namespace respgate::acl
