// The floor: what the kernel, and OpenSSL, charge for one recv and one send at the client's side, and nothing else.  It
// counts commands by their `*` and answers a constant for each, so it does as little as anything could that still answers
// what it is asked; it understands no command that holds another `*`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "bench/answerer/event_loop.h"
#include "bench/answerer/wire.h"

namespace respgate::bench {

// What a GET of redis-benchmark's three bytes is answered.
inline constexpr std::string_view kValue = "$3\r\nxxx\r\n";

template <typename Wire>
class Floor {
 public:
  struct Shared {
    explicit Shared(typename Wire::Settings of_wire) : settings(std::move(of_wire)) {
      for (std::size_t answer = 0; answer < kAnswers; ++answer) answers += kValue;
    }
    static constexpr std::size_t kAnswers = 2048;

    typename Wire::Settings settings;
    std::array<char, 16384> input{};
    std::string answers;
  };

  Floor(int fd, Shared& shared) : wire_(fd, shared.settings), shared_(shared) {}

  Wish on_ready() {
    for (;;) {
      if (owed_ == 0) {
        const Moved read = wire_.read(shared_.input);
        if (read <= 0) return read == kWouldBlock ? Wish::kRead : Wish::kEnd;
        owed_ = kValue.size() * static_cast<std::size_t>(std::count(shared_.input.begin(), shared_.input.begin() + read, '*'));
      }
      while (owed_ > 0) {
        const Moved written = wire_.write(next_answers());
        if (written <= 0) return written == kWouldBlock ? Wish::kWrite : Wish::kEnd;
        owed_ -= static_cast<std::size_t>(written);
      }
      if (!wire_.holds_more()) return Wish::kRead;
    }
  }

 private:
  std::string_view next_answers() const {
    const std::size_t sent_of_one = (kValue.size() - owed_ % kValue.size()) % kValue.size();
    return std::string_view(shared_.answers).substr(sent_of_one, owed_);
  }

  Wire wire_;
  Shared& shared_;
  std::size_t owed_ = 0;  // bytes
};

}  // namespace respgate::bench
