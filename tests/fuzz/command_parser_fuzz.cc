// Any bytes from a client: the same commands however they are cut and whether or not
// they are drained, and what was understood is what would be forwarded.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_parser.h"

namespace respgate::protocol {
namespace {

using Status = CommandParser::Status;

constexpr Limits kLimits{64, 4096, 1024, 16384};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<std::string> commands;  // canonical; of a drained one its count of arguments
  ParseError error = ParseError::kNone;
  bool operator==(const Outcome&) const = default;
};

std::string seen(const Command& command) {
  if (command.drained) return std::to_string(command.argument_count);
  std::string canonical;
  append_command(canonical, command.args);
  require(command.wire.empty() || command.wire == canonical);
  require(command.args.size() == command.argument_count);
  return canonical;
}

// Feeds `bytes` in pieces of `step`; drains every command whose head is given first if asked to.
Outcome parse_in_steps(std::string_view bytes, std::size_t step, bool drain) {
  CommandParser parser(kLimits);
  Outcome outcome;
  for (std::size_t start = 0, end = 0;;) {
    // A copy of its own, so that a sanitizer sees who reads past it.
    const std::vector<char> held(bytes.begin() + static_cast<std::ptrdiff_t>(start), bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const Status status = parser.parse({held.data(), held.size()});
    if (status == Status::kError) break;
    if (status == Status::kName && drain) parser.drain();
    if (status == Status::kComplete) outcome.commands.push_back(seen(parser.command()));
    const std::size_t consumable = parser.consumable();
    require(consumable <= held.size());
    parser.consumed(consumable);
    start += consumable;
    if (status == Status::kComplete) parser.restart();
    if (status != Status::kNeedMore) continue;
    if (end == bytes.size()) break;
    end += std::min(step, bytes.size() - end);
  }
  outcome.error = parser.error();
  require(parser.error_text().find_first_of("\r\n") == std::string::npos);
  return outcome;
}

void check(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t step = 1 + static_cast<unsigned char>(bytes.front()) % 32;
  const std::string_view wire = bytes.substr(1);
  const Outcome whole = parse_in_steps(wire, wire.size() + 1, false);
  require(whole == parse_in_steps(wire, step, false));
  const Outcome drained = parse_in_steps(wire, step, true);
  require(drained.error == whole.error && drained.commands.size() == whole.commands.size());
}

}  // namespace
}  // namespace respgate::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  respgate::protocol::check({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
