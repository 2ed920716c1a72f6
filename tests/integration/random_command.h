// Commands by chance: every name the server knows with arguments that often mean
// something, the grammars that hide keys (SORT, GEORADIUS, XREADGROUP, numkeys …), and
// now and then a wrong name, a wrong number of arguments or an odd byte.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/random_policy.h"

namespace respgate::test {

struct KnownCommand {
  std::string name;  // "config|get"
  long long arity = 0;
};

class RandomCommands {
 public:
  explicit RandomCommands(std::vector<KnownCommand> known) : known_(std::move(known)) {}

  // The command of this turn takes every known name in its turn; the rest is chance.
  std::vector<std::string> next(Random& random);

 private:
  std::vector<std::string> of_known(Random& random, const KnownCommand& command) const;

  std::vector<KnownCommand> known_;
  std::size_t turn_ = 0;
};

}  // namespace respgate::test
