// 4,344 requests of eight users, as ACL DRYRUN of redis-server 7.0.15 answered.
#include <map>

#include <gtest/gtest.h>

#include "acl/authorizer.h"
#include "acl/policy_parser.h"
#include "tests/acl/vectors.h"

namespace respgate::acl {
namespace {

struct Answer {
  std::string request;  // "GET c1"
  std::string server;   // "ok", "cmd", "key:c1", "chan:c"
  std::string ours;     // the same, or "refused:" and the error, "reach:" and why
};

std::string in_words(const Decision& decision, protocol::Args args, const protocol::Targets& targets) {
  switch (decision.detail) {
    case Decision::Detail::kTargets: return "refused:" + std::string(targets.refusal());
    case Decision::Detail::kSortBy: return "reach:BY";
    case Decision::Detail::kSortGet: return "reach:GET";
    case Decision::Detail::kScript: return "reach:script";
    case Decision::Detail::kKeyspaceNames: return "reach:names";
    case Decision::Detail::kNone: break;
  }
  switch (decision.reason) {
    case Decision::Reason::kCommand: return "cmd";
    case Decision::Reason::kKey: return "key:" + std::string(args[decision.arg]);
    case Decision::Reason::kChannel: return "chan:" + std::string(args[decision.arg]);
    case Decision::Reason::kDatabase: return "db:" + std::string(args[decision.arg]);
    case Decision::Reason::kAllowed: break;
  }
  return "ok";
}

std::map<std::string, Principal> users_of(const nlohmann::json& vectors) {
  std::map<std::string, Principal> users;
  for (const auto& [name, rules] : vectors["users"].items()) users.emplace(name, *parse_user(name, rules));
  return users;
}

std::string answer_of(const Principal& principal, const std::vector<std::string>& words) {
  PolicyOptions options;
  options.scripts = PolicyOptions::Scripts::kAllow;
  const std::vector<std::string_view> args(words.begin(), words.end());
  const protocol::CommandLookup lookup = protocol::find_command(args);
  EXPECT_EQ(lookup.status, protocol::CommandLookup::Status::kFound) << words[0];
  EXPECT_TRUE(lookup.spec->arity_fits(args.size())) << words[0];
  protocol::TargetFinder finder;
  const protocol::Targets& targets = finder.find(*lookup.spec, args);
  return in_words(authorize(principal, *lookup.spec, args, targets, options, 0), args, targets);
}

std::vector<Answer> all_answers() {
  const nlohmann::json vectors = read_vectors("acl_key_vectors.json");
  const std::map<std::string, Principal> users = users_of(vectors);
  std::vector<Answer> answers;
  for (const auto& row : vectors["cases"]) {
    std::vector<std::string> words;
    std::string request;
    for (const std::string word : row[1]) words.push_back(from_latin1(word));
    for (const std::string& word : words) request += (request.empty() ? "" : " ") + word;
    answers.push_back({request, from_latin1(row[2]), answer_of(users.at(row[0]), words)});
  }
  return answers;
}

TEST(KeyVectorsTest, EveryDenialOfTheServerIsOursAndForTheSameArgument) {
  std::size_t count = 0;
  for (const Answer& answer : all_answers()) {
    ++count;
    if (answer.server != "ok") {
      EXPECT_EQ(answer.ours, answer.server) << answer.request;
    }
  }
  EXPECT_EQ(count, 4344u);
}

// A request that the command itself will not take: the server lets its ACL pass and answers with the error
// that we answer with at once, nothing being sent upstream.
TEST(KeyVectorsTest, FaultyRequestsAreRefusedWithTheirErrorInsteadOfForwarded) {
  std::map<std::string, int> counted;
  for (const Answer& answer : all_answers()) {
    if (answer.server == "ok" && answer.ours.starts_with("refused:")) {
      ++counted[answer.request.substr(0, answer.request.find(' ')) + " " + answer.ours.substr(8)];
    }
  }
  const std::map<std::string, int> expected{
      {"EVAL ERR Number of keys can't be greater than number of args", 8},
      {"EVAL ERR Number of keys can't be negative", 32},
      {"EVAL ERR value is not an integer or out of range", 19},
      {"MIGRATE ERR When using MIGRATE KEYS option, the key argument must be set to the empty string", 32},
      {"ZDIFFSTORE ERR at least 1 input key is needed for 'zdiffstore' command", 40},
  };
  EXPECT_EQ(counted, expected);
}

// What the server's ACL does not see: the ways around it, and keys that SORT reads by pattern.
TEST(KeyVectorsTest, WaysAroundTheServersRulesAreClosed) {
  std::map<std::string, int> counted;
  for (const Answer& answer : all_answers()) {
    if (answer.server == "ok" && answer.ours != "ok" && !answer.ours.starts_with("refused:"))
      ++counted[answer.request + " => " + answer.ours];
  }
  const std::map<std::string, int> expected{
      {"GEORADIUS c1 0 0 1 m STORE ok1 STORE  => key:", 1},
      {"SORT ok1 BY x_* GET y_* STORE ok1 => reach:BY", 1},
  };
  EXPECT_EQ(counted, expected);
}

}  // namespace
}  // namespace respgate::acl
