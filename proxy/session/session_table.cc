#include "proxy/session/session_table.h"

#include <cassert>
#include <utility>

namespace respgate::proxy {

SessionId SessionTable::next_id() const {
  if (free_.empty()) return {static_cast<std::uint32_t>(slots_.size()), 1};
  return {free_.back(), slots_[free_.back()].generation};
}

void SessionTable::add(SessionId id, std::shared_ptr<Session> session) {
  assert(id == next_id());
  if (id.slot == slots_.size()) {
    slots_.emplace_back();
  } else {
    free_.pop_back();
  }
  slots_[id.slot].session = std::move(session);
  ++size_;
}

std::shared_ptr<Session> SessionTable::remove(SessionId id) {
  if (find(id) == nullptr) return nullptr;
  Slot& slot = slots_[id.slot];
  ++slot.generation;
  --size_;
  free_.push_back(id.slot);
  return std::exchange(slot.session, nullptr);
}

Session* SessionTable::find(SessionId id) const {
  if (id.slot >= slots_.size() || slots_[id.slot].generation != id.generation) return nullptr;
  return slots_[id.slot].session.get();
}

void SessionTable::for_each(const std::function<void(const Session&)>& f) const {
  for (const Slot& slot : slots_)
    if (slot.session) f(*slot.session);
}

std::vector<std::shared_ptr<Session>> SessionTable::snapshot() const {
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(size_);
  for (const Slot& slot : slots_)
    if (slot.session) all.push_back(slot.session);
  return all;
}

}  // namespace respgate::proxy
