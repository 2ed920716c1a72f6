#include "proxy/gate/subscriptions.h"

#include <algorithm>

namespace respgate::proxy {
namespace {

constexpr std::size_t kBytesPerName = 64;  // node, string, bucket

}  // namespace

Subscriptions::Sort Subscriptions::sort_of(const protocol::CommandSpec& spec) {
  if (spec.channels.pattern) return Sort::kPattern;
  return spec.name.starts_with("ss") || spec.name.starts_with("sun") ? Sort::kShard : Sort::kChannel;
}

std::size_t Subscriptions::subscribe(Sort sort, protocol::Args added) {
  for (const std::string_view name : added) {
    if (names(sort).emplace(name).second) bytes_ += kBytesPerName + name.size();
  }
  return added.size();
}

std::size_t Subscriptions::unsubscribe(Sort sort, protocol::Args removed) {
  std::unordered_set<std::string>& held = names(sort);
  if (removed.empty()) {
    const std::size_t confirmed = std::max<std::size_t>(1, held.size());
    for (const std::string& name : held) bytes_ -= kBytesPerName + name.size();
    held.clear();
    return confirmed;
  }
  for (const std::string_view name : removed) {
    if (held.erase(std::string(name)) > 0) bytes_ -= kBytesPerName + name.size();
  }
  return removed.size();
}

bool Subscriptions::empty() const {
  return std::ranges::all_of(sorts_, [](const auto& names) { return names.empty(); });
}

bool Subscriptions::all_of(const std::function<bool(std::string_view, bool)>& holds) const {
  for (const Sort sort : {Sort::kChannel, Sort::kPattern, Sort::kShard}) {
    const auto& names = sorts_[static_cast<std::size_t>(sort)];
    if (!std::ranges::all_of(names, [&](const std::string& name) { return holds(name, sort == Sort::kPattern); })) return false;
  }
  return true;
}

}  // namespace respgate::proxy
