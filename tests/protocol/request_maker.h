// Random requests that are neither all nonsense nor all sense: a command with keys,
// and a fitting number of keys, numbers and option words behind it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_table.h"

namespace respgate::protocol {

class RequestMaker {
 public:
  using Words = std::vector<std::string_view>;

  // `keys` are the words that stand where a key may be; each must outlive the requests.
  RequestMaker(unsigned seed, std::span<const std::string_view> keys) : random_(seed), keys_(keys) {
    for (const CommandSpec& spec : all_commands()) {
      if (!spec.in_redis_7_0 || spec.keys.empty()) continue;
      // What has a grammar of its own deserves more attention.
      const std::size_t weight = spec.key_function == KeyFunction::kNone ? 1 : 12;
      commands_.insert(commands_.end(), weight, &spec);
    }
  }

  const CommandSpec& next(Words& words) {
    const CommandSpec& spec = *pick(std::span<const CommandSpec* const>(commands_));
    const std::size_t bar = spec.name.find('|');
    words.assign(1, spec.name.substr(0, bar));
    if (bar != std::string_view::npos) words.push_back(spec.name.substr(bar + 1));
    const auto least = static_cast<std::size_t>(std::abs(spec.arity));
    const std::size_t size = spec.arity > 0 ? least : least + below(8);
    while (words.size() < size) words.push_back(word());
    for (const std::size_t at : {1u, 2u}) {
      if (is_numkeys(spec, at) && below(4) != 0) words[at] = pick(std::span(kNumbers));
    }
    return spec;
  }

 private:
  using View = std::string_view;
  static constexpr View kNumbers[] = {"0",          "1",          "1",   "2",          "2",
                                      "3",          "4",          "-1",  "01",         "+1",
                                      " 1",         "1 ",         "1.0", "2x",         View("1\0", 2),
                                      "1000",       "4294967297", "x",   "4294967295", "99999999999999999999",
                                      "-4294967295"};
  static constexpr View kOptions[] = {"STORE",
                                      "STORE",
                                      "storedist",
                                      "GET",
                                      "BY",
                                      "LIMIT",
                                      "ALPHA",
                                      "DESC",
                                      "STREAMS",
                                      "STREAMS",
                                      "GROUP",
                                      "COUNT",
                                      "NOACK",
                                      "KEYS",
                                      "AUTH",
                                      "AUTH2",
                                      "COPY",
                                      "REPLACE",
                                      "SET",
                                      "INCRBY",
                                      "OVERFLOW",
                                      "MIN",
                                      "LEFT",
                                      "NX",
                                      "EX",
                                      "#",
                                      "w*",
                                      ">",
                                      "WITHSCORES",
                                      "WEIGHTS",
                                      "DB",
                                      "m",
                                      "u8",
                                      View("STORE\0x", 7),
                                      View("GET\0", 4),
                                      View("STREAMS\0zz", 10),
                                      View("KEYS\0", 5)};

  static bool is_numkeys(const CommandSpec& spec, std::size_t at) {
    return std::ranges::any_of(
        spec.keys, [at](const KeySpec& key) { return key.find == KeySpec::Find::kKeyNum && static_cast<std::size_t>(key.index) == at; });
  }
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  template <class T, std::size_t Extent>
  const T& pick(std::span<const T, Extent> choices) {
    return choices[below(choices.size())];
  }
  View word() {
    switch (below(5)) {
      case 0: return pick(std::span(kNumbers));
      case 1:
      case 2: return pick(std::span(kOptions));
      default: return pick(keys_);
    }
  }

  std::mt19937 random_;
  std::span<const View> keys_;
  std::vector<const CommandSpec*> commands_;
};

// For the message of a test that fails.
inline std::string shown(const RequestMaker::Words& words) {
  std::string text;
  for (const std::string_view word : words) text += '\'' + std::string(word) + "' ";
  return text;
}

}  // namespace respgate::protocol
