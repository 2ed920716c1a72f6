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

bool has_block_option(Args args) {
  for (std::size_t i = 1; i < args.size() && !is_option(args[i], "STREAMS"); i += 1 + operands_of(args[i])) {
    if (is_option(args[i], "BLOCK")) return true;
  }
  return false;
}

}  // namespace

bool may_block(const CommandSpec& spec, Args args) {
  if (spec.key_function == KeyFunction::kXRead) return has_block_option(args);
  return spec.has(flag::kBlocking) || spec.name == "wait";  // which Redis 7.0 does not flag
}

}  // namespace respgate::protocol
