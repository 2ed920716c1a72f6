// The spellings of quantities in respgate.yaml: 250ms, 5s, 10m, 12h; 64KiB, 1MiB,
// 2GiB, 512B; 50%.  A number without a unit is refused: it is how 5 seconds become
// 5 milliseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace respgate::proxy {

inline constexpr std::string_view kDurationSpelling = "a number with ms, s, m or h, such as 250ms, 5s, 10m or 12h";
inline constexpr std::string_view kSizeSpelling = "a number with B, KiB, MiB or GiB, such as 64KiB or 1MiB";

// Nothing when the text is spelled otherwise, or means more than 64 bits can hold.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::optional<std::uint64_t> parse_size(std::string_view text);   // bytes
std::optional<unsigned> parse_percentage(std::string_view text);  // 1 to 100

// The shortest of those spellings that is exact: "10s", "1MiB", "1500ms".
std::string spell_duration(std::chrono::milliseconds duration);
std::string spell_size(std::uint64_t bytes);

}  // namespace respgate::proxy
