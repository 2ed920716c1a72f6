#include <charconv>
#include <cmath>
#include <system_error>

#include "protocol/command_table.h"
#include "protocol/text.h"

namespace respgate::protocol {
namespace {

// How many operands an option before STREAMS has.
std::size_t operands_of(std::string_view option) {
  if (is_option(option, "GROUP")) return 2;
  if (is_option(option, "COUNT") || is_option(option, "CLAIM") || is_option(option, "MAXCOUNT") || is_option(option, "MAXSIZE")) return 1;
  return 0;
}

// Where the word BLOCK of XREAD and XREADGROUP is; 0: nowhere.
std::size_t block_option(Args args) {
  for (std::size_t i = 1; i < args.size() && !is_option(args[i], "STREAMS"); i += 1 + operands_of(args[i])) {
    if (is_option(args[i], "BLOCK")) return i;
  }
  return 0;
}

bool counts_in_milliseconds(const CommandSpec& spec) { return spec.key_function == KeyFunction::kXRead || spec.name.starts_with("wait"); }

std::string_view block_time(const CommandSpec& spec, Args args) {
  if (spec.key_function == KeyFunction::kXRead) {
    const std::size_t option = block_option(args);
    return option + 1 < args.size() ? args[option + 1] : std::string_view();
  }
  const bool comes_first = spec.name == "blmpop" || spec.name == "bzmpop";
  return comes_first ? args[1] : args.back();
}

}  // namespace

bool may_block(const CommandSpec& spec, Args args) {
  if (spec.key_function == KeyFunction::kXRead) return block_option(args) != 0;
  return spec.has(flag::kBlocking) || spec.name == "wait";  // which Redis 7.0 does not flag
}

std::int64_t block_time_ms(const CommandSpec& spec, Args args) {
  constexpr double kLongest = 1e15;
  if (spec.name == "blmovem") return kBlockForEver;  // its time may be at several places
  const std::string_view text = block_time(spec, args);
  double time = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
  if (error != std::errc() || end != text.data() + text.size()) return 0;
  if (std::isnan(time) || time < 0 || time >= kLongest) return 0;
  if (time == 0) return kBlockForEver;
  return static_cast<std::int64_t>(counts_in_milliseconds(spec) ? time : time * 1000) + 1;
}

}  // namespace respgate::protocol
