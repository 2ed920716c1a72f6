#include "proxy/session/reply_queue.h"

#include <cassert>

namespace respgate::proxy {

Seq ReplyQueue::reserve(bool silent) {
  slots_.emplace_back().silent = silent;
  return head_ + slots_.size() - 1;
}

void ReplyQueue::fill(Seq seq, std::string_view bytes, Part part, std::string& out) {
  assert(seq >= head_ && seq - head_ < slots_.size());
  Slot& slot = slots_[seq - head_];
  assert(!slot.complete);
  if (slot.silent) bytes = {};
  if (seq == head_) {
    out.append(bytes);
    if (part != Part::kLast) return;
    pop_head();
    if (!slots_.empty() && (slots_.front().parked || slots_.front().complete)) release_completed(out);
    return;
  }
  slot.complete = part == Part::kLast;
  if (!slot.parked) slot.parked = std::make_unique<std::string>();
  slot.parked->append(bytes);
  parked_bytes_ += bytes.size();
}

void ReplyQueue::clear() {
  while (!slots_.empty()) pop_head();
  parked_bytes_ = 0;
}

void ReplyQueue::pop_head() {
  slots_.pop_front();
  ++head_;
}

// The new head leaves as far as it has come, also when its end is still missing.
void ReplyQueue::release_completed(std::string& out) {
  while (!slots_.empty()) {
    Slot& head = slots_.front();
    if (head.parked) release_parked(head, out);
    if (!head.complete) return;
    pop_head();
  }
}

void ReplyQueue::release_parked(Slot& slot, std::string& out) {
  out.append(*slot.parked);
  parked_bytes_ -= slot.parked->size();
  slot.parked.reset();
}

}  // namespace respgate::proxy
