#include "proxy/audit/acl_suggestion.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acl/authorizer.h"
#include "acl/policy_parser.h"
#include "proxy/audit/audit_json.h"
#include "proxy/metrics/metrics.h"
#include "proxy/session/decision_log.h"
#include "tests/proxy/gate_client.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

AuditConfig recording(AuditConfig::Keys keys) {
  AuditConfig config;
  config.allowed = true;
  config.keys = keys;
  return config;
}

// A user at a gate whose decisions are recorded, as a session has them recorded.
class Recorder {
 public:
  explicit Recorder(const std::string& user, const Setting& setting = {}, AuditConfig::Keys keys = AuditConfig::Keys::kPlain)
      : client_(setting, user), log_(recording_to_file(keys), {}, nullptr) {
    metrics_.know_users(*client_.gate_.client().policy);
  }

  Verdict say(const Words& words) {
    const Verdict verdict = client_.say(words, kWithLane);
    decisions_.record(verdict, client_.gate_.client(), client_.gate_.activity());
    return verdict;
  }

  std::vector<AclSuggestion> suggest(AclObserver::Denied denied = AclObserver::Denied::kApart) {
    log_.flush();
    AclObserver observer(denied);
    std::string text = read_whole(directory_.file("audit"));
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      const auto record = read_audit_record(std::string_view(text).substr(begin, end - begin));
      EXPECT_TRUE(record);
      if (record) observer.take(*record);
      begin = end + 1;
    }
    return observer.suggest();
  }

 private:
  AuditConfig recording_to_file(AuditConfig::Keys keys) const {
    AuditConfig config = recording(keys);
    config.file = directory_.file("audit");
    return config;
  }

  const TemporaryDirectory directory_;
  Client client_;
  Metrics metrics_{{"main"}, "node", 1};
  AuditLog log_;
  DenialRecord denials_;
  DecisionLog decisions_{metrics_, log_, denials_};
};

const std::vector<Words> kTraffic{
    {"GET", "app:user:1"},
    {"GET", "app:user:2"},
    {"MGET", "app:user:3", "app:user:4", "app:user:5"},
    {"SET", "out", "x"},
    {"SET", "inout", "x", "GET"},
    {"COPY", "from", "to"},
    {"CONFIG", "GET", "maxmemory"},
    {"CLIENT", "SETNAME", "me"},
    {"PUBLISH", "app:news", "x"},
    {"OBJECT", "ENCODING", "app:user:1"},
    {"EXISTS", "odd key with blanks\n"},
    {"EXISTS", std::string("k*?[]\\\0", 7)},
    {"PING"},
    {"SUBSCRIBE", "app:news"},
    {"PSUBSCRIBE", "app:n?ws*"},
};

bool is_allowed(const std::string& line, const Words& words) {
  const auto principals = acl::parse_policy(line);
  EXPECT_TRUE(principals) << line;
  const std::vector<std::string_view> args(words.begin(), words.end());
  const protocol::CommandSpec& spec = *protocol::find_command(args).spec;
  protocol::TargetFinder finder;
  for (const acl::Principal& principal : *principals)
    if (principal.name() == "admin") return acl::authorize(principal, spec, args, finder.find(spec, args), {}, 0).allowed();
  return false;
}

TEST(AclSuggestionTest, TheLineAllowsAllThatWasRecordedAndNothingBeside) {
  Recorder recorder("admin");
  for (const Words& words : kTraffic) ASSERT_EQ(recorder.say(words).refusal, Verdict::Refusal::kNone) << words[0];
  const auto suggestions = recorder.suggest();
  ASSERT_EQ(suggestions.size(), 1u);
  const std::string& line = suggestions.front().line;
  for (const Words& words : kTraffic) EXPECT_TRUE(is_allowed(line, words)) << words[0] << " by " << line;
  for (const Words& words : std::vector<Words>{{"DEL", "app:user:1"},
                                               {"FLUSHALL"},
                                               {"CONFIG", "SET", "maxmemory", "1"},
                                               {"SET", "app:user:1", "x"},
                                               {"COPY", "to", "from"},
                                               {"SET", "other", "x"},
                                               {"PUBLISH", "app:other", "x"},
                                               {"PSUBSCRIBE", "*"}})
    EXPECT_FALSE(is_allowed(line, words)) << words[0] << " by " << line;
}

TEST(AclSuggestionTest, SortingByOtherKeysNeedsToReadEveryKey) {
  const std::vector<Words> traffic{{"SORT", "list", "BY", "weight_*", "STORE", "sorted"}, {"GET", "a"}};
  Recorder recorder("admin");
  for (const Words& words : traffic) ASSERT_EQ(recorder.say(words).refusal, Verdict::Refusal::kNone) << words[0];
  const std::string line = recorder.suggest().front().line;
  EXPECT_EQ(line, "user admin on resetchannels -@all +get +sort %R~* %W~sorted");
  for (const Words& words : traffic) EXPECT_TRUE(is_allowed(line, words)) << words[0];
}

TEST(AclSuggestionTest, DangerousAndAdministrativeCommandsAreNamed) {
  Recorder recorder("admin");
  for (const Words& words : std::vector<Words>{{"CONFIG", "GET", "maxmemory"}, {"FLUSHALL"}, {"GET", "a"}, {"PING"}})
    ASSERT_EQ(recorder.say(words).refusal, Verdict::Refusal::kNone) << words[0];
  const AclSuggestion suggestion = recorder.suggest().front();
  EXPECT_EQ(suggestion.line, "user admin on resetchannels -@all +config|get +flushall +get +ping %R~a");
  EXPECT_THAT(suggestion.notes, ElementsAre("the line gives +config|get (@admin @dangerous), +flushall (@dangerous): "
                                            "take out what this user should not be able to do"));
}

TEST(AclSuggestionTest, TheLineIsWrittenInOrder) {
  Recorder recorder("app");
  recorder.say({"SET", "app:b", "x"});
  recorder.say({"GET", "app:a"});
  recorder.say({"OBJECT", "ENCODING", "app:a"});
  recorder.say({"PUBLISH", "app:news", "x"});
  recorder.say({"HELLO", "3"});
  const auto suggestions = recorder.suggest();
  ASSERT_EQ(suggestions.size(), 1u);
  EXPECT_EQ(suggestions.front().line, "user app on resetchannels -@all +get +object|encoding +publish +set %R~app:a %W~app:b &app:news");
  EXPECT_THAT(suggestions.front().notes, IsEmpty());
}

TEST(AclSuggestionTest, WhatWasDeniedIsToldApart) {
  Recorder recorder("app");
  recorder.say({"GET", "app:a"});
  recorder.say({"SET", "other:1", "x"});
  recorder.say({"NOSUCH"});
  const auto apart = recorder.suggest();
  ASSERT_EQ(apart.size(), 1u);
  EXPECT_EQ(apart.front().line, "user app on resetchannels -@all +get %R~app:a");
  EXPECT_THAT(apart.front().notes, ElementsAre("denied, and not in the line: +set %W~other:1"));
  const auto counted = recorder.suggest(AclObserver::Denied::kCount);
  EXPECT_EQ(counted.front().line, "user app on resetchannels -@all +get +set %R~app:a %W~other:1");
}

TEST(AclSuggestionTest, WhatWasObservedCounts) {
  Setting setting;
  setting.options.observe = true;
  Recorder recorder("app", setting);
  recorder.say({"SET", "other:1", "x"});
  EXPECT_EQ(recorder.suggest().front().line, "user app on resetchannels -@all +set %W~other:1");
}

TEST(AclSuggestionTest, WhatARuleRefusedIsNoMatterOfTheAcl) {
  Setting setting;
  setting.rules = {{.match = {"FLUSHALL"}, .users = {}, .groups = {}, .action = acl::RuleAction::kDeny, .to = {}, .message = {}}};
  Recorder recorder("admin", setting);
  recorder.say({"FLUSHALL"});
  recorder.say({"GET", "a"});
  const auto suggestions = recorder.suggest(AclObserver::Denied::kCount);
  ASSERT_EQ(suggestions.size(), 1u);
  EXPECT_EQ(suggestions.front().line, "user admin on resetchannels -@all +get %R~a");
}

TEST(AclSuggestionTest, OfHashedKeysNoPatternIsMadeAndItIsSaid) {
  for (const auto keys : {AuditConfig::Keys::kHash, AuditConfig::Keys::kNone}) {
    Recorder recorder("app", {}, keys);
    recorder.say({"GET", "app:a"});
    const auto suggestions = recorder.suggest();
    EXPECT_EQ(suggestions.front().line, "user app on resetchannels -@all +get");
    EXPECT_THAT(suggestions.front().notes, ElementsAre(HasSubstr("record with audit.keys: plain")));
  }
}

TEST(AclSuggestionTest, OfVeryManyKeysOfOneCommandItIsSaidThatSomeAreMissing) {
  Recorder recorder("app");
  Words words{"MGET"};
  for (int i = 0; i < 20; ++i) words.push_back("app:" + std::to_string(i));
  recorder.say(words);
  EXPECT_THAT(recorder.suggest().front().notes, ElementsAre(HasSubstr("4 keys and channels were not recorded")));
}

AuditRecord allowed_get(const std::string& user) {
  AuditRecord record;
  record.kind = AuditEvent::Kind::kAllowed;
  record.user = user;
  record.command = "get";
  return record;
}

TEST(AclSuggestionTest, ANameThatCannotBeWrittenGetsNoLine) {
  for (const char* name : {"a b", "a\nuser evil on nopass ~* +@all", "\x1b[2J", "\xc2\x9b", "a\xe2\x80\xae"}) {
    AclObserver observer(AclObserver::Denied::kApart);
    observer.take(allowed_get(name));
    const auto suggestions = observer.suggest();
    ASSERT_EQ(suggestions.size(), 1u);
    EXPECT_EQ(suggestions.front().line, "");
    EXPECT_EQ(suggestions.front().notes.size(), 1u);
  }
}

TEST(AclSuggestionTest, WhatIsNoCommandIsLeftOut) {
  AclObserver observer(AclObserver::Denied::kApart);
  AuditRecord record = allowed_get("app");
  record.command = "nosuch +@all";
  observer.take(record);
  EXPECT_EQ(observer.suggest().front().line, "");
}

TEST(AuditRecordTest, OnlyLinesOfAnAuditLogAreRead) {
  const std::string good = audit_line({}, {}, KeyText(AuditConfig::Keys::kPlain));
  EXPECT_TRUE(read_audit_record(good));
  for (const char* other :
       {"", "x", "[]", "5", "{}", R"({"kind":"allowed"})", R"({"kind":"nosuch","user":"a","command":"get","reason":"","touches":[]})",
        R"({"kind":"allowed","user":5,"command":"get","reason":"","touches":[]})",
        R"({"kind":"allowed","user":"a","command":"get","reason":"","touches":5})",
        R"({"kind":"allowed","user":"a","command":"get","reason":"","touches":["Q~a"]})",
        R"({"kind":"allowed","user":"a","command":"get","reason":"","touches":[5]})",
        R"({"kind":"allowed","user":"a\\...9 more bytes","command":"get","reason":"","touches":[]})"})
    EXPECT_FALSE(read_audit_record(other)) << other;
}

TEST(AuditRecordTest, HostileBytesAreReadBackAsTheyWere) {
  AuditEvent event;
  event.kind = AuditEvent::Kind::kAllowed;
  event.touches = {{AuditTouch::Kind::kRead, std::string("a\"\\\n\0\xff", 6)}, {AuditTouch::Kind::kWrite, std::string(1000, 'k')}};
  const auto record = read_audit_record(audit_line(event, {}, KeyText(AuditConfig::Keys::kPlain)));
  ASSERT_TRUE(record);
  ASSERT_EQ(record->touches.size(), 2u);
  EXPECT_EQ(record->touches[0].name, event.touches[0].name);
  EXPECT_FALSE(record->touches[0].is_cut);
  EXPECT_EQ(record->touches[1].name, std::string(128, 'k'));
  EXPECT_TRUE(record->touches[1].is_cut);
}

}  // namespace
}  // namespace respgate::proxy
