#include "proxy/gate/kept_command.h"

namespace respgate::proxy {

KeptCommand::KeptCommand(const protocol::CommandSpec& spec, protocol::Args args) : spec_(&spec) {
  std::size_t total = 0;
  for (const std::string_view arg : args) total += arg.size();
  text_.reserve(total);
  ends_.reserve(args.size());
  for (const std::string_view arg : args) {
    text_.append(arg);
    ends_.push_back(text_.size());
  }
}

std::vector<std::string_view> KeptCommand::args() const {
  std::vector<std::string_view> args;
  args.reserve(ends_.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    args.push_back(std::string_view(text_).substr(begin, end - begin));
    begin = end;
  }
  return args;
}

}  // namespace respgate::proxy
