#include "proxy/common/units.h"

#include <charconv>
#include <limits>
#include <span>

namespace respgate::proxy {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, which is the order in which they are tried for spelling.
constexpr Unit kDurations[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizes[] = {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}};

std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (suffix != unit.name) continue;
    if (number > max / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string spell_quantity(std::uint64_t quantity, std::span<const Unit> units, const Unit& for_zero) {
  if (quantity == 0) return "0" + std::string(for_zero.name);
  for (const Unit& unit : units) {
    if (quantity % unit.factor == 0) return std::to_string(quantity / unit.factor) + std::string(unit.name);
  }
  return std::to_string(quantity) + std::string(units.back().name);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto count = parse_quantity(text, kDurations, kMax);
  if (!count) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*count));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizes, std::numeric_limits<std::uint64_t>::max());
}

std::optional<unsigned> parse_percentage(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end + 1 != text.data() + text.size() || *end != '%') return std::nullopt;
  if (number < 1 || number > 100) return std::nullopt;
  return number;
}

std::string spell_duration(std::chrono::milliseconds duration) {
  return spell_quantity(static_cast<std::uint64_t>(duration.count()), kDurations, kDurations[2]);
}

std::string spell_size(std::uint64_t bytes) { return spell_quantity(bytes, kSizes, kSizes[3]); }

}  // namespace respgate::proxy
