#include "proxy/gate/transaction.h"

#include <algorithm>
#include <utility>

#include "protocol/text.h"

namespace respgate::proxy {

bool Transaction::has_room_for(std::int64_t database) const {
  return databases_.size() < kMostDatabases || std::ranges::find(databases_, database) != databases_.end();
}

void Transaction::queue(Element element) {
  if (element.source != Source::kProxy) ++sent_;
  if (element.source != Source::kServer) edited_ = true;
  bytes_ += element.command.bytes();
  element.databases = databases_.size();
  if (element.source == Source::kServerSelect) {
    const auto database = protocol::parse_strict_integer(element.command.args()[1]);
    if (database && std::ranges::find(databases_, *database) == databases_.end()) databases_.push_back(*database);
  }
  elements_.push_back(std::move(element));
}

}  // namespace respgate::proxy
