// What is known of every command: the one place that says what a command is
// called, may be used for, touches, and can answer.  Facts of Redis 7.0.15, Valkey
// 8 and later core commands; module commands are not here, so they are unknown,
// and what is unknown is denied.
//
// Immutable, usable from any thread without locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/command_traits.h"
#include "protocol/key_spec.h"
#include "protocol/reply_shape.h"
#include "protocol/resp.h"

namespace respgate::protocol {

using CommandId = std::uint16_t;  // dense: 0 … command_count() - 1
inline constexpr CommandId kNoCommand = 0xffff;
inline constexpr std::size_t kMaxCommands = 1024;

// Where a command is answered.
enum class Dispatch : std::uint8_t {
  kForward,  // one request, one reply: may share a lane
  kLocal,    // the proxy answers
  kPinned,   // needs an upstream connection of its own for a while
  kRefused,  // never passes a shared proxy, whatever an ACL says
};

std::string_view dispatch_name(Dispatch dispatch);  // "forwarded", "local", "pinned", "refused"

struct CommandSpec {
  std::string_view name;  // "get", "config|get": lower case, as ACL rules and error texts spell it
  CommandId id = kNoCommand;
  CommandId container = kNoCommand;  // of a subcommand
  bool is_container = false;         // has subcommands
  std::int16_t arity = 0;            // the server's: positive exact, negative minimum, name words counted
  CommandFlags flags = 0;
  Categories categories = 0;
  std::span<const KeySpec> keys;
  KeyFunction key_function = KeyFunction::kNone;
  bool names_one_key = false;  // its first argument, and nothing else: most commands
  ChannelSpec channels;
  DatabaseSpec databases;
  Reach reach = Reach::kNamed;  // before its arguments are looked at
  Dispatch dispatch = Dispatch::kRefused;
  ReplyShape reply;
  std::int16_t first_key = 0, last_key = 0, key_step = 0;  // the legacy triple of COMMAND
  std::string_view tips;                                   // COMMAND's hints, separated by one blank
  bool in_redis_7_0 = false;

  constexpr bool has(CommandFlags f) const { return (flags & f) != 0; }
  constexpr bool in(Category c) const { return (categories & bit(c)) != 0; }
  constexpr bool arity_fits(std::size_t argc) const {
    return arity >= 0 ? argc == static_cast<std::size_t>(arity) : argc >= static_cast<std::size_t>(-arity);
  }
};

struct CommandLookup {
  enum class Status : std::uint8_t { kFound, kUnknownCommand, kUnknownSubcommand };
  Status status = Status::kUnknownCommand;
  const CommandSpec* spec = nullptr;  // kUnknownSubcommand: the container
};

// Looks a command up as the server does: any case, whole length (a NUL is a byte),
// argv[0] never split on '|', argv[1] only looked at behind a container.
// A container alone (`CONFIG`) is found as itself; its arity then fails.
CommandLookup find_command(Args args);

// "config|get" (any case) as ACL rules spell it; nullptr when unknown.
const CommandSpec* find_command_by_name(std::string_view full_name);
const CommandSpec& command(CommandId id);
std::span<const CommandSpec> all_commands();  // ordered by name; all_commands()[i].id == i
// The subcommands of a container, ordered by name.
std::span<const CommandSpec> subcommands(const CommandSpec& container);

// Will this request make its connection wait for something other than the server's
// own speed (BLPOP, WAIT, XREAD … BLOCK)?  Then it needs a connection of its own.
// REQUIRES: spec.arity_fits(args.size()).
bool may_block(const CommandSpec& spec, Args args);

inline constexpr std::int64_t kBlockForEver = -1;
// For how long such a request asks to wait, in ms.  0 when it cannot be read: the server will say so at once.
// REQUIRES: may_block(spec, args).
std::int64_t block_time_ms(const CommandSpec& spec, Args args);

}  // namespace respgate::protocol
