// Which arguments of a command are keys, channels or databases, and how each is
// used.  The same object is authorised and routed: the keys that were checked are
// the keys that were meant.
//
// Holds the union of what the server's own ACL would look at and what the command
// really touches; the two differ (SORT … STORE get STORE x, GEORADIUS with two
// STORE, XREADGROUP with a group called "streams"), and each difference is a way
// around the server's ACL (redis #15478, valkey #3971).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/command_table.h"
#include "protocol/resp.h"

namespace respgate::protocol {

struct KeyRef {
  std::uint32_t arg = 0;
  Access access = Access::kAny;
  bool beyond_server = false;  // the server's own ACL does not look at this one
};

struct ChannelRef {
  std::uint32_t arg = 0;
  bool is_pattern = false;  // compared literally with the granted pattern, not matched
};

class Targets {
 public:
  enum class Status : std::uint8_t {
    kFound,
    kRefused,  // cannot be worked out (an odd numkeys, an unknown option word): deny
  };

  // A refused command has keys too: those the server's ACL would look at before the command
  // finds its own fault.  So a denial of one of them comes first, then reach(), then the refusal.
  Status status() const { return status_; }
  // REQUIRES: kRefused.  The error to answer with, its code first: the server's own words where it has some
  // ("ERR Number of keys can't be greater than number of args"), ours otherwise.
  std::string_view refusal() const { return refusal_; }
  // In the server's order of looking at them, then those beyond.
  std::span<const KeyRef> keys() const { return keys_; }
  std::span<const ChannelRef> channels() const { return channels_; }
  Reach reach() const { return reach_; }
  DatabaseScope database_scope() const { return database_scope_; }
  std::span<const std::uint32_t> databases() const { return databases_; }  // arguments that name one
  // One key that the server looks at, and nothing else: most commands.  Then there is less to ask.
  bool is_one_key() const { return is_one_key_; }

 private:
  friend class TargetFinder;
  std::vector<KeyRef> keys_;
  std::vector<ChannelRef> channels_;
  std::vector<std::uint32_t> databases_;
  Reach reach_ = Reach::kNamed;
  DatabaseScope database_scope_ = DatabaseScope::kNone;
  Status status_ = Status::kFound;
  bool is_one_key_ = false;
  std::string_view refusal_;
};

// Finds targets, keeping its storage from one command to the next (no allocation in
// steady state).  One per worker; not for sharing between threads.
class TargetFinder {
 public:
  // REQUIRES: spec.arity_fits(args.size()).  The result is valid until the next find().
  const Targets& find(const CommandSpec& spec, Args args);

 private:
  const Targets& one_key(const CommandSpec& spec);
  void find_keys(const CommandSpec& spec, Args args);
  void find_channels(const ChannelSpec& spec, Args args);
  void find_databases(const DatabaseSpec& spec, Args args);

  Targets targets_;
};

}  // namespace respgate::protocol
