// The proxy's verdicts against a live server's, on random (user, command, arguments).
//
// A redis-server loads the same users.acl.  ACL DRYRUN tells its verdict; whatever it
// denies is then really sent as that user, and must be refused in the words the proxy
// uses (server_texts 7.0).  Nothing the server denies may pass.  Where the proxy denies
// more, the reason must be one of the classes below.
//
// RESPGATE_DIFFERENTIAL_TUPLES (150,000) and RESPGATE_DIFFERENTIAL_SEED change the run.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "acl/authorizer.h"
#include "acl/policy_parser.h"
#include "protocol/targets.h"
#include "tests/integration/random_command.h"
#include "tests/integration/redis_process.h"

namespace respgate::test {
namespace {

using acl::Decision;
using protocol::CommandLookup;

constexpr std::size_t kUsers = 80;
constexpr std::size_t kBatch = 500;

bool has_nul(const std::string& word) { return word.find('\0') != std::string::npos; }

// Why the proxy may deny what the server's ACL allows, or say something else.
enum class Stricter : std::uint8_t {
  kOddArguments,    // numkeys spelled oddly, NUL in an option: the server's parsers disagree about such words
  kKeysBeyond,      // keys the command uses and the server's ACL does not see (SORT, GEORADIUS, XREADGROUP)
  kSortPatterns,    // SORT BY/GET: the server refuses it too, but only when it runs (not in DRYRUN)
  kScripts,         // what a script does cannot be seen: for unrestricted users only
  kPatternWithNul,  // PSUBSCRIBE compares granted patterns only up to a NUL; the proxy compares all of them
  kNotAtAll,
};
constexpr std::array kStricterNames = {"odd arguments", "keys beyond the server's", "SORT BY/GET", "scripts", "pattern with NUL", "NONE"};

// What is said besides NOPERM when a denied command is really sent.
enum class OtherWords : std::uint8_t {
  kProtected,  // DEBUG and MODULE: "command not allowed", before the server looks at its ACL
  kExec,       // a denied EXEC also ends the transaction: EXECABORT in front of the same words
};

struct Tuple {
  std::string user;
  std::vector<std::string> words;
};

std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

std::string readable(const Tuple& tuple) {
  std::string text = tuple.user + ":";
  for (const std::string& word : tuple.words) text += " " + testing::PrintToString(word);
  return text;
}

// As DRYRUN writes it: a quoted argument ends at its first NUL, and an error holds neither CR nor LF.
std::string as_the_server_prints(std::string text, bool is_error) {
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos) text.erase(nul, text.rfind('\'') - nul);
  if (is_error)
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return text;
}

// The proxy's side: what it decides, in the words of ACL DRYRUN and of a refusal.
struct Judgement {
  bool is_known = false;  // the command exists and its number of arguments fits
  Decision decision;
  std::string dryrun;   // what ACL DRYRUN would say; "OK" when allowed
  std::string refusal;  // what the client is told
  Stricter stricter = Stricter::kNotAtAll;
};

class Judge {
 public:
  explicit Judge(const std::vector<acl::Principal>& principals) {
    for (const acl::Principal& principal : principals) principals_[principal.name()] = &principal;
    options_.texts = acl::ServerTexts::kRedis70;
  }

  Judgement judge(const Tuple& tuple) {
    const std::vector<std::string_view> views(tuple.words.begin(), tuple.words.end());
    const protocol::Args args(views);
    const CommandLookup lookup = protocol::find_command(args);
    Judgement judgement;
    if (lookup.status != CommandLookup::Status::kFound || !lookup.spec->in_redis_7_0) {
      judgement.dryrun = as_the_server_prints("ERR Command '" + tuple.words[0] + "' not found", true);
    } else if (!lookup.spec->arity_fits(args.size())) {
      judgement.dryrun = "ERR wrong number of arguments for '" + std::string(lookup.spec->name) + "' command";
    } else {
      decide(*principals_.at(tuple.user), *lookup.spec, args, judgement);
    }
    return judgement;
  }

 private:
  void decide(const acl::Principal& who, const protocol::CommandSpec& spec, protocol::Args args, Judgement& judgement) {
    const protocol::Targets& targets = finder_.find(spec, args);
    judgement.is_known = true;
    judgement.decision = acl::authorize(who, spec, args, targets, options_, 0);
    judgement.dryrun = "OK";
    if (judgement.decision.allowed()) return;
    judgement.dryrun = as_the_server_prints(acl::dryrun_text(judgement.decision, who, spec, args, options_.texts), false);
    judgement.refusal = acl::denial_text(judgement.decision, who, spec, targets, options_.texts);
    judgement.stricter = stricter(judgement.decision, spec, args, targets);
  }

  static Stricter stricter(const Decision& decision, const protocol::CommandSpec& spec, protocol::Args args,
                           const protocol::Targets& targets) {
    switch (decision.detail) {
      case Decision::Detail::kTargets: return Stricter::kOddArguments;
      case Decision::Detail::kSortBy:
      case Decision::Detail::kSortGet: return Stricter::kSortPatterns;
      case Decision::Detail::kScript: return Stricter::kScripts;
      default: break;
    }
    const auto is_beyond = [&](const protocol::KeyRef& key) { return key.beyond_server; };
    if (decision.reason == Decision::Reason::kKey && std::ranges::any_of(targets.keys(), is_beyond)) return Stricter::kKeysBeyond;
    if (decision.reason == Decision::Reason::kChannel && spec.name == "psubscribe" &&
        args[decision.arg].find('\0') != std::string_view::npos) {
      return Stricter::kPatternWithNul;
    }
    return Stricter::kNotAtAll;
  }

  std::map<std::string, const acl::Principal*, std::less<>> principals_;
  acl::PolicyOptions options_;
  protocol::TargetFinder finder_;
};

std::vector<KnownCommand> commands_of(const RedisProcess& server) {
  std::vector<KnownCommand> known;
  const Reply commands = server.connect().call({"COMMAND"});
  for (const Reply& entry : commands.elements) {
    known.push_back({entry.elements[0].text, entry.elements[1].integer});
    for (const Reply& sub : entry.elements[9].elements) known.push_back({sub.elements[0].text, sub.elements[1].integer});
  }
  std::ranges::sort(known, {}, &KnownCommand::name);  // the server's order is another one at every start
  return known;
}

class PolicyDifferentialTest : public testing::Test {
 protected:
  void SetUp() override {
    random_.seed(seed_);
    const RedisProcess plain(directory_, "plain");
    known_ = commands_of(plain);
    std::vector<std::string> names;
    for (const KnownCommand& command : known_) names.push_back(command.name);
    users_ = random_users(random_, kUsers, names);
    auto parsed = acl::parse_policy(users_);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().errors.front().line << ": " << parsed.error().errors.front().what << "\n" << users_;
    principals_ = std::move(*parsed);
    server_ = std::make_unique<RedisProcess>(directory_, "redis", directory_.write("users.acl", users_));
    root_ = std::make_unique<RespConnection>(server_->connect_as("root", "root-secret"));
    judge_ = std::make_unique<Judge>(principals_);
  }

  std::string user_line(const std::string& name) const {
    const std::size_t begin = users_.find("user " + name + " ");
    return users_.substr(begin, users_.find('\n', begin) - begin);
  }

  std::vector<Reply> dry_run(const std::vector<Tuple>& tuples) {
    std::string wire;
    for (const Tuple& tuple : tuples) {
      std::vector<std::string> words = {"ACL", "DRYRUN", tuple.user};
      words.insert(words.end(), tuple.words.begin(), tuple.words.end());
      append_request(wire, words);
    }
    root_->send(wire);
    std::vector<Reply> replies;
    for (std::size_t n = 0; n < tuples.size(); ++n) replies.push_back(root_->read());
    return replies;
  }

  RespConnection& client_of(const std::string& user) {
    auto [entry, is_new] = clients_.try_emplace(user, nullptr);
    if (is_new) entry->second = std::make_unique<RespConnection>(server_->connect_as(user, user + "-secret"));
    return *entry->second;
  }

  // Sends what must be denied as its user, all of a batch at once, and compares the words.
  void expect_same_refusals() {
    for (const auto& [user, refused] : refused_) {
      std::string wire;
      for (const auto& [tuple, judgement] : refused) append_request(wire, tuple.words);
      client_of(user).send(wire);
      for (const auto& [tuple, judgement] : refused) expect_same_refusal(tuple, judgement, client_of(user).read().text);
    }
    refused_.clear();
  }

  void expect_same_refusal(const Tuple& tuple, const Judgement& judgement, const std::string& told) {
    ++refusals_;
    if (told == judgement.refusal) return;
    if (told.find(" command not allowed. If the enable-") != std::string::npos) {
      ++other_words_[OtherWords::kProtected];
    } else if (told == "EXECABORT Transaction discarded because of: " + judgement.refusal) {
      ++other_words_[OtherWords::kExec];
    } else {
      ADD_FAILURE() << readable(tuple) << "\nserver: " << told << "\nproxy:  " << judgement.refusal << "\n" << user_line(tuple.user);
    }
  }

  void compare(const Tuple& tuple, const Judgement& judgement, const Reply& server) {
    const bool server_allows = server.text == "OK";
    ++verdicts_[server_allows ? "allowed" : server.is_error() ? "not run" : "denied"];
    if (judgement.dryrun == server.text) {
      if (judgement.is_known && !server_allows) refused_[tuple.user].emplace_back(tuple, judgement);
      return;
    }
    if (judgement.is_known && !judgement.decision.allowed() && judgement.stricter != Stricter::kNotAtAll) {
      ++stricter_[judgement.stricter];
      if (judgement.stricter == Stricter::kOddArguments) ++odd_arguments_[judgement.refusal];
      if (judgement.stricter == Stricter::kOddArguments && server_allows) expect_nothing_useful_is_refused(tuple, judgement);
      if (judgement.stricter == Stricter::kSortPatterns && server_allows) expect_same_sort_refusal(tuple, judgement);
      return;
    }
    // A server compares names up to their NUL, where its hash, another at every start, happens to lead it to one.
    if (!judgement.is_known && std::any_of(tuple.words.begin(), tuple.words.begin() + 1 + (tuple.words.size() > 1), has_nul)) {
      ++verdicts_["a name found by chance"];
      return;
    }
    ADD_FAILURE() << (judgement.decision.allowed() && !server_allows ? "LEAK " : "DIFFERENT ") << readable(tuple)
                  << "\nserver: " << server.text << "\nproxy:  " << judgement.dryrun << "\n"
                  << user_line(tuple.user);
  }

  // Odd arguments are refused before the server is asked: it must have nothing but an error for them, too, unless
  // they hold a NUL, which the proxy refuses on purpose.  (MIGRATE would dial.)
  void expect_nothing_useful_is_refused(const Tuple& tuple, const Judgement& judgement) {
    if (std::ranges::any_of(tuple.words, has_nul) || tuple.words[0].starts_with("m") || tuple.words[0].starts_with("M")) return;
    const Reply reply = client_of(tuple.user).call(tuple.words);
    EXPECT_TRUE(reply.is_error()) << "OVERBLOCK " << readable(tuple) << "\nproxy: " << judgement.refusal;
    if (reply.text == judgement.refusal) ++same_odd_refusals_;
  }

  // The server runs SORT up to its own check of BY and GET, unless its other arguments make no sense.
  void expect_same_sort_refusal(const Tuple& tuple, const Judgement& judgement) {
    const Reply reply = client_of(tuple.user).call(tuple.words);
    EXPECT_TRUE(reply.is_error()) << "the server runs " << readable(tuple) << "\n" << user_line(tuple.user);
    if (reply.text == judgement.refusal) ++same_sort_refusals_;
  }

  void report(std::size_t tuples) const {
    std::cout << tuples << " tuples, seed " << seed_ << ", " << known_.size() << " command names, " << kUsers << " users:";
    for (const auto& [verdict, count] : verdicts_) std::cout << " " << verdict << " " << count;
    std::cout << "; refusals compared " << refusals_ << "\n";
    for (const auto& [why, count] : stricter_)
      std::cout << "  stricter: " << kStricterNames[static_cast<std::size_t>(why)] << " " << count << "\n";
    std::cout << "  odd arguments refused in the server's very words: " << same_odd_refusals_ << "\n";
    for (const auto& [refusal, count] : odd_arguments_) std::cout << "    " << refusal << " " << count << "\n";
    for (const auto& [why, count] : other_words_)
      std::cout << "  other words: " << (why == OtherWords::kExec ? "EXECABORT" : "protected commands") << " " << count << "\n";
  }

  const std::size_t seed_ = from_environment("RESPGATE_DIFFERENTIAL_SEED", 20250917);
  Random random_;
  TemporaryDirectory directory_;
  std::vector<KnownCommand> known_;
  std::string users_;
  std::vector<acl::Principal> principals_;
  std::unique_ptr<RedisProcess> server_;
  std::unique_ptr<RespConnection> root_;
  std::unique_ptr<Judge> judge_;
  std::map<std::string, std::unique_ptr<RespConnection>, std::less<>> clients_;

  std::map<std::string, std::size_t> verdicts_;
  std::map<Stricter, std::size_t> stricter_;
  std::map<std::string, std::size_t> odd_arguments_;                         // by what the client is told
  std::map<std::string, std::vector<std::pair<Tuple, Judgement>>> refused_;  // of this batch, by user
  std::map<OtherWords, std::size_t> other_words_;
  std::size_t refusals_ = 0;
  std::size_t same_sort_refusals_ = 0;
  std::size_t same_odd_refusals_ = 0;
};

TEST_F(PolicyDifferentialTest, VerdictsAndWordsEqualALiveServersButForTheNamedClasses) {
  const std::size_t total = from_environment("RESPGATE_DIFFERENTIAL_TUPLES", 150000);
  RandomCommands commands(known_);
  // Stops at the first batch with a difference: the next thousand would only say it again.
  for (std::size_t done = 0; done < total && !HasFailure(); done += kBatch) {
    std::vector<Tuple> tuples;
    for (std::size_t n = 0; n < kBatch; ++n) tuples.push_back({"u" + std::to_string(below(random_, kUsers)), commands.next(random_)});
    const std::vector<Reply> replies = dry_run(tuples);
    for (std::size_t n = 0; n < kBatch; ++n) compare(tuples[n], judge_->judge(tuples[n]), replies[n]);
    expect_same_refusals();
  }
  report(total);
  // A run that never allows, never denies or never meets a class would prove nothing.
  EXPECT_GT(verdicts_["allowed"], total / 20);
  EXPECT_GT(verdicts_["denied"], total / 20);
  EXPECT_GT(refusals_, total / 20);
  EXPECT_GT(same_sort_refusals_, 0U);
  for (Stricter why : {Stricter::kOddArguments, Stricter::kKeysBeyond, Stricter::kSortPatterns, Stricter::kScripts})
    EXPECT_GT(stricter_[why], 0U) << kStricterNames[static_cast<std::size_t>(why)];
}

}  // namespace
}  // namespace respgate::test
