// Cuts an array reply into its elements, each with all its bytes: for the few replies
// of which a part is not to be passed on as it is.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "protocol/resp.h"

namespace respgate::protocol {

// Nothing when `wire` is no array: a null, an error.  REQUIRES: one whole reply.
// The elements are views into it.
std::optional<std::vector<std::string_view>> array_elements(std::string_view wire, RespVersion version);

}  // namespace respgate::protocol
