// Broken configurations of every kind: whatever stands in the file, it is loaded or
// refused with messages that can be printed, and nothing else happens.
#include <cstdint>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "proxy/config/config.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

constexpr std::uint32_t kSeed = 20'240'811;
constexpr int kMutations = 3'000;

class Mutator {
 public:
  explicit Mutator(std::string text) : text_(std::move(text)) {}

  // One to four small injuries.
  std::string next() {
    std::string out = text_;
    for (std::size_t n = 1 + below(4); n > 0; --n) injure(out);
    return out;
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

  void injure(std::string& out) {
    static constexpr const char* kPieces[] = {"{",         "}",      "[",     "]",         ":",       ": ",    "\n",
                                              "  ",        "\t",     "- ",    "\"",        "'",       "#",     "&a ",
                                              "*a",        "!!str ", "|\n",   ">\n",       "? ",      "---\n", "...\n",
                                              "%YAML 9\n", "<<: ",   "${X}",  "\\",        "0",       "-1",    "99999999999999999999",
                                              "null",      "~",      ",",     "@",         "`",       "\xff",  "\xef\xbb\xbf",
                                              "\xc3\xa9",  "\x01",   "unix:", "0.0.0.0:1", "[::1]:1", "1h",    "1MiB",
                                              "50%"};
    const std::size_t at = below(out.size() + 1);
    switch (below(4)) {
      case 0: out.insert(at, kPieces[below(std::size(kPieces))]); break;
      case 1: out.erase(at, 1 + below(20)); break;
      case 2: out.insert(at, out.substr(below(out.size() + 1), below(200))); break;
      default:
        if (at < out.size()) out[at] = static_cast<char>(below(256));
    }
    if (out.empty()) out = "x";
  }

  std::string text_;
  std::mt19937 random_{kSeed};
};

bool is_printable_line(const std::string& text) {
  for (const char c : text) {
    if ((c >= 0 && c < ' ') || c == '\x7f') return false;
  }
  return !text.empty();
}

TEST(ConfigMutationTest, NoInjuryOfAnExampleDoesMoreThanBeRefused) {
  int refused = 0;
  for (const char* name : {"gateway.yaml", "sidecar.yaml"}) {
    Mutator mutator(read_whole(std::string(RESPGATE_TEST_DATA) + "/../../conf/" + name));
    for (int i = 0; i < kMutations; ++i) {
      const std::string yaml = mutator.next();
      const ConfigDraft draft = draft_config(yaml, "r.yaml");
      refused += draft.errors.empty() ? 0 : 1;
      for (const ConfigError& error : draft.errors) ASSERT_TRUE(is_printable_line(to_string(error))) << yaml;
      ASSERT_FALSE(describe_config(draft.config).empty());
    }
  }
  // Injuries of comments do no harm; most of the others do.
  EXPECT_GT(refused, kMutations / 2);
  EXPECT_LT(refused, 2 * kMutations);
}

}  // namespace
}  // namespace respgate::proxy
