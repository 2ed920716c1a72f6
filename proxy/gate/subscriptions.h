// The channels and patterns one client holds, counted at the moment its commands are
// sent: the server confirms each name once, in order, so what is confirmed is known
// before it is.
//
// Source: Redis 7.0 pubsub.c.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "protocol/command_table.h"

namespace respgate::proxy {

class Subscriptions {
 public:
  enum class Sort : std::uint8_t { kChannel, kPattern, kShard };

  // Of SUBSCRIBE, PUNSUBSCRIBE…  REQUIRES: spec subscribes or unsubscribes.
  static Sort sort_of(const protocol::CommandSpec& spec);

  // Each returns how many confirmations the server will send.
  std::size_t subscribe(Sort sort, protocol::Args added);
  std::size_t unsubscribe(Sort sort, protocol::Args removed);  // no names: all of the sort

  bool empty() const;
  std::size_t count(Sort sort) const { return sorts_[static_cast<std::size_t>(sort)].size(); }
  // Calls holds(name, is_pattern) until it says no.  False: it did.
  bool all_of(const std::function<bool(std::string_view name, bool is_pattern)>& holds) const;
  // What keeping the names costs, about.
  std::size_t bytes() const { return bytes_; }
  void clear() { *this = {}; }

 private:
  std::unordered_set<std::string>& names(Sort sort) { return sorts_[static_cast<std::size_t>(sort)]; }

  std::array<std::unordered_set<std::string>, 3> sorts_;
  std::size_t bytes_ = 0;
};

}  // namespace respgate::proxy
