#include "protocol/targets.h"

#include <algorithm>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace respgate::protocol {
namespace {

using std::string_view_literals::operator""sv;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Access kAny = Access::kAny;
constexpr Access kR = Access::kRead;
constexpr Access kW = Access::kWrite;
constexpr Access kRW = Access::kReadWrite;

// A key as tests write it.
struct Key {
  std::string_view name;
  Access access;
  bool beyond_server = false;
  bool operator==(const Key&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Key& key) {
  return out << key.name << " " << static_cast<int>(key.access) << (key.beyond_server ? " beyond" : "");
}
Key beyond(std::string_view name, Access access) { return {name, access, true}; }

class TargetsTest : public testing::Test {
 protected:
  const Targets& find(std::initializer_list<std::string_view> words) {
    args_ = words;
    const CommandLookup found = find_command(args_);
    EXPECT_EQ(found.status, CommandLookup::Status::kFound);
    EXPECT_TRUE(found.spec->arity_fits(args_.size()));
    return finder_.find(*found.spec, args_);
  }
  std::vector<Key> keys(std::initializer_list<std::string_view> words) {
    std::vector<Key> keys;
    for (const KeyRef& key : find(words).keys()) keys.push_back({args_[key.arg], key.access, key.beyond_server});
    return keys;
  }
  std::vector<std::string_view> databases(std::initializer_list<std::string_view> words) {
    std::vector<std::string_view> names;
    for (const std::uint32_t arg : find(words).databases()) names.push_back(args_[arg]);
    return names;
  }
  std::string_view refusal(std::initializer_list<std::string_view> words) {
    const Targets& targets = find(words);
    return targets.status() == Targets::Status::kRefused ? targets.refusal() : "(found)";
  }

  std::vector<std::string_view> args_;
  TargetFinder finder_;
};

// --- What the key specs say -------------------------------------------------------------

TEST_F(TargetsTest, KeysAndAccessFollowTheKeySpecs) {
  EXPECT_THAT(keys({"GET", "k"}), ElementsAre(Key{"k", kR}));
  EXPECT_THAT(keys({"DEL", "a", "b"}), ElementsAre(Key{"a", kW}, Key{"b", kW}));
  EXPECT_THAT(keys({"EXISTS", "a"}), ElementsAre(Key{"a", kAny}));
  EXPECT_THAT(keys({"MSET", "a", "1", "b", "2"}), ElementsAre(Key{"a", kW}, Key{"b", kW}));
  EXPECT_THAT(keys({"COPY", "a", "b"}), ElementsAre(Key{"a", kR}, Key{"b", kW}));
  EXPECT_THAT(keys({"BLPOP", "a", "b", "0"}), ElementsAre(Key{"a", kRW}, Key{"b", kRW}));
  EXPECT_THAT(keys({"BITOP", "AND", "d", "a", "b"}), ElementsAre(Key{"d", kW}, Key{"a", kR}, Key{"b", kR}));
  EXPECT_THAT(keys({"OBJECT", "ENCODING", "k"}), ElementsAre(Key{"k", kAny}));
  EXPECT_THAT(keys({"ZUNIONSTORE", "d", "2", "a", "b", "WEIGHTS", "1", "2"}), ElementsAre(Key{"d", kW}, Key{"a", kR}, Key{"b", kR}));
  EXPECT_THAT(keys({"PING"}), IsEmpty());
}

TEST_F(TargetsTest, TheShortWayFindsWhatTheLongWayFinds) {
  std::size_t commands = 0;
  for (const CommandSpec& spec : all_commands()) {
    if (!spec.names_one_key) continue;
    ++commands;
    CommandSpec long_way = spec;
    long_way.names_one_key = false;
    for (std::size_t argc = 2; argc < 12; ++argc) {
      if (!spec.arity_fits(argc)) continue;
      const std::vector<std::string_view> args(argc, "STORE");  // an option's name as good as any other word
      TargetFinder other;
      find({"MSET", "a", "b", "c", "d"});  // leaves something behind
      const Targets& found = finder_.find(spec, args);
      const Targets& expected = other.find(long_way, args);
      ASSERT_EQ(found.keys().size(), expected.keys().size()) << spec.name;
      EXPECT_EQ(found.keys()[0].arg, expected.keys()[0].arg) << spec.name;
      EXPECT_EQ(found.keys()[0].access, expected.keys()[0].access) << spec.name;
      EXPECT_EQ(found.keys()[0].beyond_server, expected.keys()[0].beyond_server) << spec.name;
      EXPECT_EQ(found.channels().size(), expected.channels().size()) << spec.name;
      EXPECT_EQ(found.databases().size(), expected.databases().size()) << spec.name;
      EXPECT_EQ(found.reach(), expected.reach()) << spec.name;
      EXPECT_EQ(found.database_scope(), expected.database_scope()) << spec.name;
      EXPECT_EQ(found.status(), expected.status()) << spec.name;
      EXPECT_TRUE(found.is_one_key()) << spec.name;
      EXPECT_FALSE(expected.is_one_key()) << spec.name;
    }
  }
  EXPECT_GT(commands, 100U);
}

TEST_F(TargetsTest, AResultHoldsNothingOfTheRequestBefore) {
  EXPECT_TRUE(find({"GET", "k"}).is_one_key());
  EXPECT_FALSE(find({"MSET", "a", "1", "b", "2"}).is_one_key());
  find({"SORT", "k", "BY", "w*", "STORE", "d", "nonsense"});
  EXPECT_THAT(keys({"GET", "k"}), ElementsAre(Key{"k", kR}));
  EXPECT_EQ(find({"PING"}).status(), Targets::Status::kFound);
  EXPECT_EQ(find({"PING"}).reach(), Reach::kNamed);
  EXPECT_THAT(find({"PING"}).keys(), IsEmpty());
  find({"SUBSCRIBE", "c"});
  EXPECT_THAT(find({"PING"}).channels(), IsEmpty());
}

TEST_F(TargetsTest, SetReadsOnlyWithGet) {
  EXPECT_THAT(keys({"SET", "k", "GET"}), ElementsAre(Key{"k", kW}));
  EXPECT_THAT(keys({"SET", "k", "v", "NX", "get"}), ElementsAre(Key{"k", kRW}));
}

TEST_F(TargetsTest, BitfieldWritesUnlessItOnlyGets) {
  EXPECT_THAT(keys({"BITFIELD", "k", "GET", "u8", "0", "OVERFLOW", "SAT"}), ElementsAre(Key{"k", kR}));
  EXPECT_THAT(keys({"BITFIELD", "k", "GET", "u8", "0", "SET", "u8", "0", "1"}), ElementsAre(Key{"k", kRW}));
  EXPECT_THAT(keys({"BITFIELD", "k", "GET", "u8"}), ElementsAre(Key{"k", kRW}));
}

TEST_F(TargetsTest, MigrateNamesItsKeysInTwoWays) {
  EXPECT_THAT(keys({"MIGRATE", "h", "1", "k", "0", "9"}), ElementsAre(Key{"k", kRW}));
  EXPECT_THAT(keys({"MIGRATE", "h", "1", "", "0", "9", "AUTH", "keys", "KEYS", "a", "b"}), ElementsAre(Key{"a", kRW}, Key{"b", kRW}));
  EXPECT_THAT(keys({"MIGRATE", "h", "1", "", "0", "9", "AUTH2", "keys", "keys", "KEYS", "a"}), ElementsAre(Key{"a", kRW}));
  EXPECT_EQ(refusal({"MIGRATE", "h", "1", "k", "0", "9", "KEYS", "a"}),
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
}

TEST_F(TargetsTest, LaterCommandsNeedWhatTheStrictestServerAsks) {
  EXPECT_THAT(keys({"HGETEX", "k", "PERSIST", "FIELDS", "1", "f"}), ElementsAre(Key{"k", kRW}));
  EXPECT_THAT(keys({"MSETEX", "2", "a", "1", "b", "2", "EX", "9"}), ElementsAre(Key{"a", kW}, Key{"b", kW}));
  EXPECT_THAT(keys({"SUNIONCARD", "2", "a", "b"}), ElementsAre(Key{"a", kR}, Key{"b", kR}));
  EXPECT_THAT(keys({"LMOVEM", "a", "b", "LEFT", "LEFT"}), ElementsAre(Key{"a", kRW}, Key{"b", kW}));
  EXPECT_THAT(keys({"DELEX", "k", "IFEQ", "v"}), ElementsAre(Key{"k", kRW}));
}

// --- Ways around the server's own ACL ---------------------------------------------------

TEST_F(TargetsTest, GeoradiusWithTwoStoresAsksForBoth) {
  EXPECT_THAT(keys({"GEORADIUS", "g", "0", "0", "10", "m", "STORE", "ok", "STORE", "secret"}),
              ElementsAre(Key{"g", kR}, Key{"ok", kW}, beyond("secret", kW)));
  EXPECT_THAT(keys({"GEORADIUSBYMEMBER", "g", "m", "10", "m", "STOREDIST", "ok", "STOREDIST", "secret"}),
              ElementsAre(Key{"g", kR}, Key{"ok", kW}, beyond("secret", kW)));
  EXPECT_THAT(keys({"GEORADIUS", "g", "0", "0", "10", "m", "STORE", "STORE", "secret"}), ElementsAre(Key{"g", kR}, Key{"STORE", kW}));
}

TEST_F(TargetsTest, SortIntoAKeyNamedLikeAnOptionAsksForTheRealOne) {
  EXPECT_THAT(keys({"SORT", "src", "STORE", "get", "STORE", "secret"}), ElementsAre(Key{"src", kR}, Key{"get", kW}, beyond("secret", kW)));
  EXPECT_THAT(keys({"SORT", "src", "STORE", "store", "STORE", "secret"}),
              ElementsAre(Key{"src", kR}, Key{"secret", kW}, beyond("store", kW)));
  EXPECT_THAT(keys({"SORT", "src", "STORE", "limit", "STORE", "secret"}),
              ElementsAre(Key{"src", kR}, Key{"limit", kW}, beyond("secret", kW)));
}

TEST_F(TargetsTest, AGroupOrConsumerCalledStreamsHidesNoKey) {
  EXPECT_THAT(keys({"XREADGROUP", "COUNT", "1", "GROUP", "streams", "s1", "STREAMS", "secret", ">"}),
              ElementsAre(Key{"s1", kR}, Key{"STREAMS", kR}, beyond("secret", kR)));
  EXPECT_THAT(keys({"XREADGROUP", "COUNT", "1", "GROUP", "g", "streams", "STREAMS", "secret", ">"}),
              ElementsAre(Key{"STREAMS", kR}, beyond("secret", kR)));
  EXPECT_THAT(keys({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", ">", ">"}), ElementsAre(Key{"a", kR}, Key{"b", kR}));
}

TEST_F(TargetsTest, VeryManyHiddenStreamsAreAllFoundInOnePass) {
  constexpr std::size_t kStreams = 200'000;
  std::vector<std::string_view> args{"XREADGROUP", "COUNT", "1", "GROUP", "streams", "c", "STREAMS"};
  args.insert(args.end(), kStreams, "k");
  args.insert(args.end(), kStreams, ">");
  const Targets& targets = finder_.find(*find_command(args).spec, args);
  EXPECT_EQ(targets.status(), Targets::Status::kFound);
  EXPECT_TRUE(std::ranges::any_of(targets.keys(), [](const KeyRef& key) { return key.arg == 7; }));
  EXPECT_TRUE(std::ranges::any_of(targets.keys(), [](const KeyRef& key) { return key.arg == 7 + kStreams - 1; }));
}

TEST_F(TargetsTest, AnOptionWordEndsAtItsNul) {
  EXPECT_THAT(keys({"SET", "k", "v", "GET\0zz"sv}), ElementsAre(Key{"k", kRW}));
  EXPECT_THAT(keys({"SORT", "k", "STORE\0x"sv, "d"}), ElementsAre(Key{"k", kR}, Key{"d", kW}));
  EXPECT_THAT(keys({"GEORADIUS", "g", "0", "0", "1", "m", "STORE\0"sv, "d"}), ElementsAre(Key{"g", kR}, Key{"d", kW}));
  EXPECT_THAT(keys({"XREAD", "STREAMS\0zz"sv, "s", "0"}), ElementsAre(Key{"s", kR}));
  EXPECT_THAT(keys({"MIGRATE", "h", "1", "", "0", "9", "KEYS\0"sv, "a"}), ElementsAre(Key{"a", kRW}));
  EXPECT_EQ(find({"SORT", "k", "BY\0"sv, "w*"}).reach(), Reach::kAnyKeyBy);
  EXPECT_THAT(databases({"COPY", "a", "b", "DB\0x"sv, "3"}), ElementsAre("3"));
}

TEST_F(TargetsTest, AnOptionWordIsNotItsBeginning) {
  EXPECT_THAT(keys({"SET", "k", "v", "GETX"}), ElementsAre(Key{"k", kW}));
  EXPECT_THAT(keys({"SET", "k", "v", "\0GET"sv}), ElementsAre(Key{"k", kW}));
}

TEST_F(TargetsTest, ArgumentsOfAScriptThatAreNotKeysLeaveItReachingAnyKey) {
  EXPECT_THAT(keys({"EVAL", "s", "0", "secret"}), IsEmpty());
  EXPECT_EQ(find({"EVAL", "s", "0", "secret"}).reach(), Reach::kAnyKey);
  EXPECT_THAT(keys({"EVAL", "s", "1", "k", "v"}), ElementsAre(Key{"k", kRW}));
  EXPECT_THAT(keys({"FCALL_RO", "f", "1", "k"}), ElementsAre(Key{"k", kR}));
}

// --- Numbers of keys --------------------------------------------------------------------

TEST_F(TargetsTest, AnOddNumberOfKeysIsRefusedInTheWordsOfTheCommand) {
  EXPECT_EQ(refusal({"EVAL", "s", "+1", "k"}), "ERR value is not an integer or out of range");
  EXPECT_EQ(refusal({"EVAL", "s", "-1", "k"}), "ERR Number of keys can't be negative");
  EXPECT_EQ(refusal({"EVAL", "s", "2", "k"}), "ERR Number of keys can't be greater than number of args");
  EXPECT_EQ(refusal({"EVAL", "s", "4294967297", "k"}), "ERR Number of keys can't be greater than number of args");
  EXPECT_EQ(refusal({"FCALL", "f", "1x", "k"}), "ERR Bad number of keys provided");
  EXPECT_EQ(refusal({"ZUNION", "0", "k"}), "ERR at least 1 input key is needed for 'zunion' command");
  EXPECT_EQ(refusal({"ZDIFFSTORE", "d", "0", "k"}), "ERR at least 1 input key is needed for 'zdiffstore' command");
  EXPECT_EQ(refusal({"ZUNION", "2", "k"}), "ERR syntax error");
  EXPECT_EQ(refusal({"LMPOP", "0", "k", "LEFT"}), "ERR numkeys should be greater than 0");
  EXPECT_EQ(refusal({"LMPOP", "2", "k", "LEFT"}), "ERR syntax error");
  EXPECT_EQ(refusal({"SINTERCARD", "2", "k"}), "ERR Number of keys can't be greater than number of args");
  EXPECT_EQ(refusal({"BZMPOP", "0", "9223372036854775807", "k", "MIN"}), "ERR syntax error");
}

TEST_F(TargetsTest, ALenientSpellingOfANumberIsNeverAccepted) {
  for (const std::string_view number : {"01"sv, " 1"sv, "1 "sv, "1.0"sv, "0x1"sv, "1\0"sv, ""sv, "-"sv, "-0"sv, "99999999999999999999"sv}) {
    EXPECT_EQ(refusal({"ZUNION", number, "k"}), "ERR value is not an integer or out of range") << number;
  }
}

// The server's ACL looks at what atoi makes of the number, and the command fails afterwards.
TEST_F(TargetsTest, ARefusedCommandStillHasTheKeysTheServerWouldCheck) {
  EXPECT_THAT(keys({"ZUNION", "1x", "k"}), ElementsAre(Key{"k", kAny}));
  EXPECT_THAT(keys({"ZUNIONSTORE", "d", "+1", "k"}), ElementsAre(Key{"k", kAny}, Key{"d", kAny}));
  EXPECT_THAT(keys({"EVAL", "s", "4294967297", "k"}), ElementsAre(Key{"k", kRW}));
  EXPECT_THAT(keys({"ZUNION", "99999999999999999999", "k"}), IsEmpty());
  EXPECT_THAT(keys({"ZUNIONSTORE", "d", "x", "k"}), IsEmpty());
}

// --- Faults that leave the keys in doubt ------------------------------------------------

TEST_F(TargetsTest, AnUnknownOptionOfSortIsASyntaxError) {
  EXPECT_EQ(refusal({"SORT", "k", "NONSENSE"}), "ERR syntax error");
  EXPECT_EQ(refusal({"SORT", "k", "STORE"}), "ERR syntax error");
  EXPECT_EQ(refusal({"SORT_RO", "k", "STORE", "d"}), "ERR syntax error");
  EXPECT_EQ(refusal({"SORT", "k", "LIMIT", "0", "x"}), "ERR value is not an integer or out of range");
  EXPECT_EQ(refusal({"SORT", "k", "LIMIT", "0", "1", "ALPHA", "DESC", "STORE", "d"}), "(found)");
}

TEST_F(TargetsTest, StreamsThatCannotBeCountedAreRefused) {
  EXPECT_EQ(refusal({"XREAD", "STREAMS", "a", "b", "0"}),
            "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
  EXPECT_EQ(refusal({"XREAD", "COUNT", "1", "a", "b"}), "ERR syntax error");
  EXPECT_EQ(refusal({"XREAD", "COUNT", "x", "a", "b"}), "ERR value is not an integer or out of range");
  EXPECT_EQ(refusal({"XREAD", "BLOCK", "-1", "COUNT", "x", "a"}), "ERR timeout is negative");
  EXPECT_EQ(refusal({"XREAD", "GROUP", "g", "c", "STREAMS", "a", "0"}),
            "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
  EXPECT_EQ(refusal({"XREAD", "NOACK", "STREAMS", "a", "0"}),
            "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
  EXPECT_EQ(refusal({"XREADGROUP", "GROUP", "g", "c", "CLAIM", "9", "STREAMS", "a", ">"}), "(found)");
}

// --- Keys that are not named ------------------------------------------------------------

TEST_F(TargetsTest, SortByAPatternAndGetReachAnyKey) {
  EXPECT_EQ(find({"SORT", "k", "BY", "w*"}).reach(), Reach::kAnyKeyBy);
  EXPECT_EQ(find({"SORT_RO", "k", "by", "w*->f"}).reach(), Reach::kAnyKeyBy);
  EXPECT_EQ(find({"SORT", "k", "GET", "#"}).reach(), Reach::kAnyKeyGet);
  EXPECT_EQ(find({"SORT", "k", "BY", "nosort", "GET", "o*"}).reach(), Reach::kAnyKeyGet);
  EXPECT_EQ(find({"SORT", "k", "BY", "nosort"}).reach(), Reach::kNamed);
  EXPECT_EQ(find({"SORT", "k", "BY", "no\0sort*"sv}).reach(), Reach::kNamed);
}

TEST_F(TargetsTest, TheFirstOffenceOfASortDecides) {
  EXPECT_EQ(find({"SORT", "k", "GET", "#", "BY", "w*"}).reach(), Reach::kAnyKeyGet);
  EXPECT_EQ(find({"SORT", "k", "BY", "w*", "nonsense"}).reach(), Reach::kAnyKeyBy);
  EXPECT_EQ(find({"SORT", "k", "nonsense", "BY", "w*"}).reach(), Reach::kNamed);
  EXPECT_EQ(find({"SORT", "k", "nonsense", "BY", "w*"}).status(), Targets::Status::kRefused);
}

TEST_F(TargetsTest, SomeCommandsSpeakOfEveryonesKeys) {
  for (const std::initializer_list<std::string_view> words : {std::initializer_list<std::string_view>{"SCAN", "0"},
                                                              {"KEYS", "*"},
                                                              {"RANDOMKEY"},
                                                              {"DBSIZE"},
                                                              {"PUBSUB", "CHANNELS"},
                                                              {"PUBSUB", "NUMSUB"}}) {
    EXPECT_EQ(find(words).reach(), Reach::kKeyspaceNames) << *words.begin();
  }
}

TEST_F(TargetsTest, ScriptsAndFunctionsReachAnyKey) {
  for (const CommandSpec& spec : all_commands()) {
    const bool runs_code = spec.name.starts_with("eval") || spec.name.starts_with("fcall") || spec.name.starts_with("script|") ||
                           spec.name.starts_with("function|");
    EXPECT_EQ(spec.reach == Reach::kAnyKey, runs_code) << spec.name;
  }
}

// --- Channels ---------------------------------------------------------------------------

TEST_F(TargetsTest, ChannelsArePartOfWhatACommandTouches) {
  const auto channels = [this](std::initializer_list<std::string_view> words) {
    std::vector<std::pair<std::string_view, bool>> all;
    for (const ChannelRef& channel : find(words).channels()) all.emplace_back(args_[channel.arg], channel.is_pattern);
    return all;
  };
  using Channel = std::pair<std::string_view, bool>;
  EXPECT_THAT(channels({"SUBSCRIBE", "a", "b"}), ElementsAre(Channel{"a", false}, Channel{"b", false}));
  EXPECT_THAT(channels({"SSUBSCRIBE", "a"}), ElementsAre(Channel{"a", false}));
  EXPECT_THAT(channels({"PSUBSCRIBE", "a*\0b"sv}), ElementsAre(Channel{"a*\0b"sv, true}));
  EXPECT_THAT(channels({"PUBLISH", "a", "message"}), ElementsAre(Channel{"a", false}));
  EXPECT_THAT(channels({"SPUBLISH", "a", "message"}), ElementsAre(Channel{"a", false}));
  EXPECT_THAT(channels({"UNSUBSCRIBE", "a"}), IsEmpty());
  EXPECT_THAT(channels({"PUNSUBSCRIBE"}), IsEmpty());
  EXPECT_THAT(find({"SPUBLISH", "a", "message"}).keys(), IsEmpty());
}

// --- Databases --------------------------------------------------------------------------

TEST_F(TargetsTest, CommandsWithKeysTouchTheSelectedDatabase) {
  for (const std::initializer_list<std::string_view> words : {std::initializer_list<std::string_view>{"GET", "k"},
                                                              {"SCAN", "0"},
                                                              {"KEYS", "*"},
                                                              {"RANDOMKEY"},
                                                              {"DBSIZE"},
                                                              {"FLUSHDB"},
                                                              {"WATCH", "k"},
                                                              {"EVAL", "s", "0"},
                                                              {"OBJECT", "FREQ", "k"},
                                                              {"COPY", "a", "b"}}) {
    EXPECT_EQ(find(words).database_scope(), DatabaseScope::kCurrent) << *words.begin();
  }
}

TEST_F(TargetsTest, CommandsWithoutKeysTouchNone) {
  for (const std::initializer_list<std::string_view> words : {std::initializer_list<std::string_view>{"PING"},
                                                              {"OBJECT", "HELP"},
                                                              {"PUBLISH", "c", "m"},
                                                              {"LOLWUT"},
                                                              {"INFO"},
                                                              {"MULTI"},
                                                              {"CONFIG", "GET", "*"}}) {
    EXPECT_EQ(find(words).database_scope(), DatabaseScope::kNone) << *words.begin();
  }
}

TEST_F(TargetsTest, EveryDatabaseThatIsNamedIsFound) {
  EXPECT_THAT(databases({"SELECT", "1"}), ElementsAre("1"));
  EXPECT_EQ(find({"SELECT", "1"}).database_scope(), DatabaseScope::kNamed);
  EXPECT_THAT(databases({"SWAPDB", "1", "2"}), ElementsAre("1", "2"));
  EXPECT_EQ(find({"SWAPDB", "1", "2"}).database_scope(), DatabaseScope::kNamed);
  EXPECT_THAT(databases({"MOVE", "k", "7"}), ElementsAre("7"));
  EXPECT_EQ(find({"MOVE", "k", "7"}).database_scope(), DatabaseScope::kCurrentAndNamed);
  EXPECT_THAT(databases({"COPY", "a", "b", "DB", "1", "REPLACE", "db", "2"}), ElementsAre("1", "2"));
  EXPECT_EQ(find({"COPY", "a", "b", "DB", "1"}).database_scope(), DatabaseScope::kCurrentAndNamed);
  EXPECT_THAT(databases({"COPY", "DB", "DB", "DB"}), IsEmpty());
  EXPECT_EQ(find({"FLUSHALL"}).database_scope(), DatabaseScope::kAll);
}

}  // namespace
}  // namespace respgate::protocol
