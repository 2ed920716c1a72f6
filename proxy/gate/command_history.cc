#include "proxy/gate/command_history.h"

#include <algorithm>
#include <iterator>

namespace respgate::proxy {

namespace {

struct Row {
  std::string_view name;
  std::string_view since;
  std::string_view group;
};

constexpr Row kRows[] = {
#include "proxy/gate/command_history.inc"
};

static_assert(std::ranges::is_sorted(kRows, {}, &Row::name));

}  // namespace

CommandHistory history_of(const protocol::CommandSpec& spec) {
  const Row* row = std::ranges::lower_bound(kRows, spec.name, {}, &Row::name);
  if (row == std::end(kRows) || row->name != spec.name) return {{}, "generic"};
  return {row->since, row->group};
}

}  // namespace respgate::proxy
