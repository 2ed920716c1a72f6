#include "acl/words.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "protocol/text.h"

namespace respgate::acl {

std::string lowered(std::string_view word) {
  std::string result(word);
  std::transform(result.begin(), result.end(), result.begin(), protocol::fold);
  return result;
}

bool is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

bool is_control(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value < 0x20 || value == 0x7f;
}

std::string quote(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string result = "'";
  for (const char byte : bytes.substr(0, kMaxQuotedBytes)) {
    const auto value = static_cast<unsigned char>(byte);
    if (is_control(byte) || value >= 0x80) {
      result.append("\\x").append(1, kHex[value >> 4]).append(1, kHex[value & 15]);
    } else {
      if (byte == '\'' || byte == '\\') result += '\\';
      result += byte;
    }
  }
  return result += bytes.size() > kMaxQuotedBytes ? "...'" : "'";
}

// Three rows of the table at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto same = [&](std::size_t i, std::size_t j) { return protocol::fold(a[i]) == protocol::fold(b[j]); };
  std::vector<std::size_t> row(b.size() + 1), above(b.size() + 1), before(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(i - 1, j - 1) ? 0 : 1)});
      const bool is_swap = i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1);
      if (is_swap) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::size_t likely_edits(std::string_view word) { return std::clamp<std::size_t>(word.size() / 3, 1, 2); }

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > kMaxMistypedBytes) return {};
  const std::size_t most = likely_edits(word);
  std::string_view best;
  std::size_t best_distance = most + 1;
  for (const std::string_view candidate : candidates) {
    if (word.size() > candidate.size() + most || candidate.size() > word.size() + most) continue;
    const std::size_t distance = edit_distance(word, candidate);
    // A word of which nothing is left is not a misspelling.
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best.empty() ? std::string{} : "; did you mean " + quote(best) + "?";
}

}  // namespace respgate::acl
