// Bytes that were read and not yet understood.  Reads go into a buffer that all
// connections of a worker share; only what a read leaves incomplete is copied here,
// so an idle connection holds nothing.
//
//   view = buffer.join(fresh)   // fresh itself when nothing was kept
//   …understand a prefix…
//   buffer.keep(view.substr(n)) // copies only when it must
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/common/string_memory.h"

namespace respgate::proxy {

class InputBuffer {
 public:
  // Capacity above which an emptied buffer gives its memory back.
  static constexpr std::size_t kKeptCapacity = 4096;

  // What was kept, followed by `fresh`.  Dies at the next call of anything here, or with `fresh`.
  std::string_view join(std::string_view fresh) {
    if (kept_.empty()) return fresh;
    kept_.append(fresh);
    return kept_;
  }

  // `rest` is a suffix of what join() gave.
  void keep(std::string_view rest) {
    if (rest.empty()) return clear();
    if (is_inside(rest)) {
      kept_.erase(0, kept_.size() - rest.size());
    } else {
      kept_.assign(rest);
    }
  }

  void clear() {
    kept_.clear();
    if (kept_.capacity() > kKeptCapacity) give_back_memory(kept_);
  }

  std::string_view view() const { return kept_; }
  bool empty() const { return kept_.empty(); }
  std::size_t capacity() const { return kept_.capacity(); }

 private:
  bool is_inside(std::string_view rest) const {
    return !kept_.empty() && rest.data() >= kept_.data() && rest.data() + rest.size() == kept_.data() + kept_.size();
  }

  std::string kept_;
};

}  // namespace respgate::proxy
