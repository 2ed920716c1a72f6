// Frames that are not the one reply to one command: messages of channels, the
// confirmations of SUBSCRIBE and its kin, invalidations of tracked keys.  In RESP3
// they are pushes; in RESP2 arrays like any other, told apart by their first element.
//
// Source: Redis 7.0 pubsub.c, tracking.c; the RESP3 specification.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/reply_scanner.h"

namespace respgate::protocol {

// The first element ("message", "subscribe", "invalidate"); empty when there is none, or it is no string.
// REQUIRES: a whole frame.  Lives as long as frame.wire.
std::string_view kind_of(const ReplyFrame& frame);

// Is this kind a message of a channel or pattern?
bool is_message(std::string_view kind);

// How many subscriptions of its sort are left, as a confirmation says in its last element.
std::optional<std::int64_t> subscriptions_left(const ReplyFrame& confirmation);

}  // namespace respgate::protocol
