#include "tests/integration/random_command.h"

#include <cctype>
#include <cstdlib>
#include <string_view>

namespace respgate::test {
namespace {

using namespace std::string_literals;

const std::vector<std::string> kKeys = {"a:str",  "a:list", "a:hash", "a:zset", "b:str", "b:list", "b:hash", "c:str",  "c:list",
                                        "secret", "a",      "get",    "",       "news",  "a:geo",  "b:geo",  "STREAMS"};
const std::vector<std::string> kNumbers = {"0", "1", "2", "3", "4", "-1", "10", "100", "1.5", "-inf", "5", "6"};
const std::vector<std::string> kOddNumbers = {
    "01",   "+1",  " 1",  "1x", "1 ",         "-0", "4294967297", "9223372036854775808", "-9223372036854775808",
    "1\0"s, "0x1", "1.0", "00", "2147483648", "-1"};
const std::vector<std::string> kOptions = {
    "GET",      "get",   "SET",     "STORE",   "store",    "STOREDIST", "BY",        "by",    "LIMIT",      "nosort", "#",
    "ASC",      "DESC",  "ALPHA",   "COUNT",   "BLOCK",    "STREAMS",   "streams",   "GROUP", "NOACK",      "KEYS",   "keys",
    "AUTH",     "AUTH2", "COPY",    "REPLACE", "DB",       "WEIGHTS",   "AGGREGATE", "SUM",   "WITHSCORES", "NX",     "XX",
    "EX",       "PX",    "KEEPTTL", "INCRBY",  "OVERFLOW", "SAT",       "u8",        "LEFT",  "RIGHT",      "MIN",    "MAX",
    "WITHDIST", "m",     ">",       "$",       "*",        "w_*",       "ON",        "OFF",   "BCAST",      "x"};
const std::vector<std::string> kOddWords = {"GET\0zz"s, "STORE\0x"s, "STREAMS\0zz"s, "KEYS\0"s, "a:str\0x"s, "\xff\xfe"s,
                                            "\r\n"s,    "a:*\0b"s,   "news\0*"s,     "BY\0"s,   "x\ny"s};

// {k} a key, {n} a number, {w} an option word; each word of a template is an argument.
const std::vector<std::string_view> kTemplates = {
    "SORT {k} STORE {k}",
    "SORT {k} STORE {w} STORE {k}",
    "SORT {k} BY {w} GET {w} STORE {k}",
    "SORT {k} LIMIT 0 {n} STORE {k} DESC",
    "SORT {k} {w} {k} {w} {k}",
    "SORT_RO {k} BY nosort",
    "SORT_RO {k} {w} {w}",
    "GEORADIUS {k} 0 0 10 m STORE {k}",
    "GEORADIUS {k} 0 0 10 m STORE {k} STORE {k}",
    "GEORADIUS {k} 0 0 10 m {w} {k} STOREDIST {k}",
    "GEORADIUS {k} STORE {k} 10 m WITHDIST",
    "GEORADIUSBYMEMBER {k} x 10 m STORE {k} {w} {k}",
    "GEORADIUSBYMEMBER {k} STORE {k} m STORE {k}",
    "GEORADIUS_RO {k} 0 0 10 m {w}",
    "XREADGROUP GROUP {w} {k} STREAMS {k} >",
    "XREADGROUP GROUP {w} {w} COUNT {n} STREAMS {k} {k} > >",
    "XREADGROUP COUNT {n} GROUP {w} {k} {w} {k} >",
    "XREADGROUP NOACK GROUP {k} {w} STREAMS {k} >",
    "XREAD COUNT {n} STREAMS {k} {k} 0 0",
    "XREAD {w} {n} STREAMS {k} 0",
    "XREAD STREAMS {k} {k} 0",
    "SET {k} x {w}",
    "SET {k} {w} {w} {n} {w}",
    "SET {k} GET",
    "BITFIELD {k} GET u8 0 {w} u8 0 1",
    "BITFIELD {k} OVERFLOW {w} GET u8 0",
    "BITFIELD {k} {w} {w} {w}",
    "BITFIELD_RO {k} GET u8 0",
    "MIGRATE host 6379 {k} 0 100",
    "MIGRATE host 6379 {k} 0 100 {w} {k} KEYS {k} {k}",
    "MIGRATE host 6379 {e} 0 100 COPY AUTH {w} KEYS {k} {k}",
    "MIGRATE host 6379 {e} 0 100 AUTH2 {w} {w} KEYS {k}",
    "EVAL x {n} {k} {k} {k}",
    "EVALSHA x {n} {k}",
    "EVAL_RO x {n} {k} {k}",
    "FCALL f {n} {k} {k}",
    "FCALL_RO f {n} {k}",
    "ZUNIONSTORE {k} {n} {k} {k} WEIGHTS 1 2",
    "ZINTERSTORE {k} {n} {k} {k} {k}",
    "ZDIFFSTORE {k} {n} {k} {k}",
    "ZUNION {n} {k} {k} {w}",
    "ZINTER {n} {k} {k}",
    "ZDIFF {n} {k} {k} {k}",
    "ZINTERCARD {n} {k} {k} LIMIT 1",
    "SINTERCARD {n} {k} {k}",
    "LMPOP {n} {k} {k} LEFT",
    "ZMPOP {n} {k} {k} MIN",
    "BLMPOP 0 {n} {k} {k} LEFT",
    "BZMPOP 0 {n} {k} {k} MIN",
    "BLPOP {k} {k} 0",
    "BZPOPMIN {k} {k} 0",
    "COPY {k} {k} {w} {n}",
    "COPY {k} {k} DB {n} DB {n}",
    "MOVE {k} {n}",
    "SWAPDB {n} {n}",
    "SELECT {n}",
    "MSET {k} x {k} y {k} z",
    "MSETNX {k} x {k} y",
    "MGET {k} {k} {k}",
    "DEL {k} {k}",
    "EXISTS {k} {k}",
    "RENAME {k} {k}",
    "RPOPLPUSH {k} {k}",
    "SMOVE {k} {k} x",
    "LMOVE {k} {k} LEFT RIGHT",
    "BITOP AND {k} {k} {k}",
    "PFMERGE {k} {k} {k}",
    "PFCOUNT {k} {k}",
    "SINTERSTORE {k} {k} {k}",
    "GEOSEARCHSTORE {k} {k} FROMMEMBER x BYRADIUS 1 m",
    "ZRANGESTORE {k} {k} 0 -1",
    "PUBLISH {k} x",
    "SPUBLISH {k} x",
    "SUBSCRIBE {k} {k}",
    "PSUBSCRIBE {k} a:*",
    "PSUBSCRIBE {w} {k}",
    "SSUBSCRIBE {k} {k}",
    "UNSUBSCRIBE {k}",
    "OBJECT ENCODING {k}",
    "MEMORY USAGE {k}",
    "XINFO STREAM {k}",
    "XGROUP CREATE {k} g $",
    "DEBUG OBJECT {k}",
    "DEBUG SLEEP 0",
    "CLIENT TRACKING ON BCAST PREFIX {k}",
    "CONFIG GET {w}",
    "CONFIG NOSUCH {w}",
    "NOSUCH {k}",
    "CONFIG|GET {w}",
    "WATCH {k} {k}",
    "LCS {k} {k}",
    "XADD {k} * f v",
    "XAUTOCLAIM {k} g c 0 0",
    "RESTORE {k} 0 x REPLACE",
};

std::string in_random_case(Random& random, std::string word) {
  const std::size_t style = below(random, 3);
  for (char& letter : word) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool upper = style == 0 || (style == 2 && chance(random, 0.5));
    letter = static_cast<char>(upper ? std::toupper(byte) : std::tolower(byte));
  }
  return word;
}

std::string random_number(Random& random) { return pick(random, chance(random, 0.9) ? kNumbers : kOddNumbers); }

std::string random_argument(Random& random, std::size_t position) {
  const std::size_t roll = below(random, 100);
  if (roll < (position == 0 ? 75U : 45U)) return pick(random, kKeys);
  if (roll < 78) return random_number(random);
  if (roll < 97) return pick(random, kOptions);
  return pick(random, kOddWords);
}

std::string fill_in(Random& random, std::string_view word) {
  if (chance(random, 0.01)) return pick(random, kOddWords);
  if (word == "{k}") return pick(random, kKeys);
  if (word == "{n}") return random_number(random);
  if (word == "{w}") return pick(random, chance(random, 0.95) ? kOptions : kOddWords);
  if (word == "{e}") return "";
  return std::string(word);
}

std::vector<std::string> of_template(Random& random) {
  std::string_view rest = kTemplates[below(random, kTemplates.size())];
  std::vector<std::string> words;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.push_back(fill_in(random, rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  words[0] = in_random_case(random, words[0]);
  if (chance(random, 0.05)) words.pop_back();
  if (chance(random, 0.05)) words.push_back(random_argument(random, 1));
  if (words.empty()) words.emplace_back("PING");
  return words;
}

}  // namespace

std::vector<std::string> RandomCommands::of_known(Random& random, const KnownCommand& command) const {
  std::vector<std::string> words;
  const std::size_t bar = command.name.find('|');
  words.push_back(in_random_case(random, command.name.substr(0, bar)));
  if (bar != std::string::npos) words.push_back(in_random_case(random, command.name.substr(bar + 1)));
  auto wanted = static_cast<std::size_t>(std::llabs(command.arity));
  if (command.arity < 0) wanted += below(random, 6);
  if (chance(random, 0.03)) wanted += below(random, 3);
  if (chance(random, 0.03) && wanted > 1) --wanted;
  for (std::size_t position = 0; words.size() < wanted; ++position) words.push_back(random_argument(random, position));
  return words;
}

std::vector<std::string> RandomCommands::next(Random& random) {
  if (turn_++ % 2 == 0) return of_template(random);
  return of_known(random, known_[turn_ / 2 % known_.size()]);
}

}  // namespace respgate::test
