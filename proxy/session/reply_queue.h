// Lets replies leave in the order of their requests, whatever order they come in.
//
//   reserve() ─► [ #7 waiting ][ #8 parked "…" ][ #9 waiting ] ─► out
//                   head: goes straight to `out`; those behind it are parked
//
// Holds bytes only for replies that overtook an earlier one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/common/request.h"
#include "proxy/common/ring.h"

namespace respgate::proxy {

class ReplyQueue {
 public:
  // The next place in line.  Call before whatever may answer it.  What a silent place is answered with is dropped
  // (CLIENT REPLY OFF).
  Seq reserve(bool silent = false);

  // Adds bytes to the reply of `seq`; appended to `out` at once when it is next in line, along with every
  // complete reply parked behind it.  REQUIRES: seq was reserved and has not had its last part.
  void fill(Seq seq, std::string_view bytes, Part part, std::string& out);

  // Whatever is still owed will not come.
  void clear();

  // Replies still owed to the client.
  std::size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  // Nothing is owed and nothing may be for a while: keeps no memory for it.
  void trim() { slots_.trim(); }
  // Bytes of replies that cannot leave yet.
  std::size_t parked_bytes() const { return parked_bytes_; }

 private:
  struct Slot {
    std::unique_ptr<std::string> parked;  // null: nothing
    bool complete = false;
    bool silent = false;
  };
  void pop_head();
  void release_completed(std::string& out);
  void release_parked(Slot& slot, std::string& out);

  Ring<Slot> slots_;
  Seq head_ = 0;  // seq of slots_.front()
  std::size_t parked_bytes_ = 0;
};

}  // namespace respgate::proxy
