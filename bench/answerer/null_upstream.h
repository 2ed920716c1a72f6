// A server that holds nothing: it understands commands and answers what a client, or a proxy, needs in order to go on.
// Logins and settings succeed, ECHO gives back its argument, every other command is a GET that finds three bytes.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "bench/answerer/event_loop.h"
#include "bench/answerer/wire.h"
#include "protocol/command_parser.h"

namespace respgate::bench {

class NullUpstream {
 public:
  struct Shared {
    std::array<char, 65536> input{};
  };

  NullUpstream(int fd, Shared& shared) : wire_(fd, {}), shared_(shared), parser_(protocol::kLimitsAfterAuth) {}

  Wish on_ready();

 private:
  // False when what came is no command.
  bool answer_all();
  Wish send_answers();

  PlainWire wire_;
  Shared& shared_;
  protocol::CommandParser parser_;
  std::string kept_;  // of a command that is not complete
  std::string answers_;
  std::size_t sent_ = 0;  // of answers_
};

}  // namespace respgate::bench
