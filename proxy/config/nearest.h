// The word somebody probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace respgate::proxy {

// The known word with the fewest edits from `word`; empty when none is near enough to be worth suggesting.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace respgate::proxy
