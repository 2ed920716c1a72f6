#include "proxy/config/rename_pairs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "protocol/text.h"

namespace respgate::proxy {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty()) return words;
    const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// redis.conf writes `rename-command KEYS ""`.
bool means_gone(std::string_view word) { return word == "\"\"" || word == "''" || protocol::equals_any_case(word, "blocked"); }

void read_words(MapReader& section, std::string_view key, std::vector<PlacedPair>& out) {
  std::string text;
  if (!section.text(key, text)) return;
  const Position at = section.place(key);
  std::vector<std::string> words = words_of(text);
  if (words.size() % 2 != 0)
    return section.complain(key, quote(words.back()) + " has no new name: write pairs, such as \"flushall f1ush4ll keys blocked\"");
  for (std::size_t i = 0; i < words.size(); i += 2) out.push_back({{std::move(words[i]), at}, {std::move(words[i + 1]), at}});
}

}  // namespace

void read_rename_pairs(MapReader& section, std::string_view key, std::vector<PlacedPair>& out) {
  if (section.is_single_value(key))
    read_words(section, key, out);
  else
    section.pairs(key, out);
  for (PlacedPair& pair : out) {
    if (means_gone(pair.value.text)) pair.value.text.clear();
  }
}

}  // namespace respgate::proxy
