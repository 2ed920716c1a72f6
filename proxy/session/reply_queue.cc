#include "proxy/session/reply_queue.h"

#include <cassert>

#include "proxy/common/string_memory.h"

namespace respgate::proxy {

Seq ReplyQueue::reserve(bool silent) {
  slots_.emplace_back().silent = silent;
  return head_ + slots_.size() - 1;
}

void ReplyQueue::fill(Seq seq, std::string_view bytes, Part part, std::string& out) {
  assert(seq >= head_ && seq - head_ < slots_.size());
  Slot& slot = slots_[seq - head_];
  assert(!slot.complete);
  slot.complete = part == Part::kLast;
  if (slot.silent) bytes = {};
  if (seq != head_) {
    slot.parked.append(bytes);
    parked_bytes_ += bytes.size();
    return;
  }
  out.append(bytes);
  if (slot.complete) release_completed(out);
}

void ReplyQueue::release_completed(std::string& out) {
  slots_.pop_front();
  ++head_;
  // The new head leaves as far as it has come, also when its end is still missing.
  while (!slots_.empty()) {
    Slot& head = slots_.front();
    out.append(head.parked);
    parked_bytes_ -= head.parked.size();
    if (!head.complete) {
      give_back_memory(head.parked);
      return;
    }
    slots_.pop_front();
    ++head_;
  }
}

}  // namespace respgate::proxy
