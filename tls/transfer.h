// What became of a try to move bytes, or to shake hands, without waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/system/error_code.hpp>

namespace respgate::tls {

using error_code = boost::system::error_code;

// What one read or write came to.  At most one of `blocked` and `error` is set, and then bytes is 0.
struct Transfer {
  std::size_t bytes = 0;
  bool blocked = false;  // nothing possible now: wait and try again
  error_code error;      // eof when the peer has finished sending
};

struct Handshake {
  enum class State : std::uint8_t { kDone, kWantsRead, kWantsWrite, kFailed };
  State state = State::kDone;
  std::string why;  // of kFailed, in words for a log, without a byte of the peer's
};

}  // namespace respgate::tls
