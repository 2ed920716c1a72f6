// Patterns that match every name (of keys, of channels) that was seen, and as little else
// as can be told from names alone.  Pure, in bounded memory.
//
// A name is split behind each of : / . | - and _.  Where more than three names end behind
// the same beginning, or more than sixteen go on behind it, the beginning and `*` stand for
// all of them; every other name stands for itself.  `*` alone stands for everything only when
// more than a thousand names begin differently.
//
//   app:order:1 … app:order:9, app:total   →   app:order:* app:total
//
// Blanks, control bytes and bytes of 0x80 and above become `?`: users.acl has no spelling for
// blanks, and a terminal that shows the pattern might act on the others.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/key_spec.h"

namespace respgate::proxy {

class NamePatterns {
 public:
  static constexpr std::size_t kMostEnds = 3;
  static constexpr std::size_t kMostContinued = 16;
  static constexpr std::size_t kMostBeginnings = 1000;

  enum class Shown : bool { kWhole, kBeginning };  // kBeginning: the rest of the name is not known
  // REQUIRES: !name.empty().
  void add(std::string_view name, Shown shown, protocol::Access access);

  struct Granted {
    std::string pattern;
    protocol::Access access;  // all that was done with any of them
  };
  // Ordered by pattern; one of them is "*" only when it is the only one.
  std::vector<Granted> patterns() const;

 private:
  struct Node {
    std::map<std::string, Node> children;  // by what comes next, with its separator
    protocol::Access access = protocol::Access::kAny;
    bool is_end = false;   // a name ends here
    bool is_open = false;  // whatever comes next
  };
  static void open(Node& node);
  static bool is_too_wide(const Node& node);
  static void collect(const Node& node, const std::string& beginning, std::vector<Granted>& out);

  Node root_;
};

}  // namespace respgate::proxy
