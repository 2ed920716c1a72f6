#include "proxy/config/nearest.h"

#include <cstddef>

#include "acl/words.h"

namespace respgate::proxy {

std::string nearest(std::string_view word, std::span<const std::string> known) {
  if (word.size() > acl::kMaxMistypedBytes) return {};
  std::string best;
  std::size_t fewest = acl::likely_edits(word) + 1;
  for (const std::string& candidate : known) {
    const std::size_t edits = acl::edit_distance(word, candidate);
    if (edits >= fewest) continue;
    fewest = edits;
    best = candidate;
  }
  return best;
}

}  // namespace respgate::proxy
