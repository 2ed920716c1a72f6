// A command that outlives the bytes it came in: what is queued in a transaction, and
// what keeps a connection waiting, has to be judged again when the policy changes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_table.h"

namespace respgate::proxy {

class KeptCommand {
 public:
  KeptCommand(const protocol::CommandSpec& spec, protocol::Args args);

  const protocol::CommandSpec& spec() const { return *spec_; }
  // Views into this object; they die with it.
  std::vector<std::string_view> args() const;
  // What keeping it costs, about.
  std::size_t bytes() const { return sizeof *this + text_.capacity() + ends_.capacity() * sizeof ends_[0]; }

 private:
  const protocol::CommandSpec* spec_;
  std::string text_;               // all arguments, one behind the other
  std::vector<std::size_t> ends_;  // in text_
};

}  // namespace respgate::proxy
