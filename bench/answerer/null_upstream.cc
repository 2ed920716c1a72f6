#include "bench/answerer/null_upstream.h"

#include "bench/answerer/floor.h"
#include "protocol/reply_writer.h"
#include "protocol/text.h"

namespace respgate::bench {
namespace {

using protocol::equals_any_case;
using protocol::RespVersion;

void append_hello(std::string& out, protocol::Args args) {
  const RespVersion version = args.size() > 1 && args[1] == "3" ? RespVersion::kResp3 : RespVersion::kResp2;
  protocol::append_map(out, version, 3);
  protocol::append_bulk(out, "server");
  protocol::append_bulk(out, "redis");
  protocol::append_bulk(out, "version");
  protocol::append_bulk(out, "7.0.15");
  protocol::append_bulk(out, "proto");
  protocol::append_integer(out, version == RespVersion::kResp3 ? 3 : 2);
}

void append_answer(std::string& out, protocol::Args args) {
  const std::string_view name = args.front();
  if (equals_any_case(name, "HELLO")) return append_hello(out, args);
  if (equals_any_case(name, "ECHO") && args.size() == 2) return protocol::append_bulk(out, args[1]);
  if (equals_any_case(name, "PING")) return protocol::append_simple(out, "PONG");
  for (const std::string_view settled : {"AUTH", "CLIENT", "SELECT", "SET"}) {
    if (equals_any_case(name, settled)) return protocol::append_simple(out, "OK");
  }
  out += kValue;
}

}  // namespace

Wish NullUpstream::on_ready() {
  if (sent_ == answers_.size()) {
    const Moved read = wire_.read(shared_.input);
    if (read <= 0) return read == kWouldBlock ? Wish::kRead : Wish::kEnd;
    kept_.append(shared_.input.data(), static_cast<std::size_t>(read));
    if (!answer_all()) return Wish::kEnd;
  }
  return send_answers();
}

bool NullUpstream::answer_all() {
  using Status = protocol::CommandParser::Status;
  std::size_t answered = 0;
  for (;;) {
    const std::string_view rest = std::string_view(kept_).substr(answered);
    Status status = parser_.parse(rest);
    while (status == Status::kName) status = parser_.parse(rest);
    if (status == Status::kError) return false;
    if (status == Status::kNeedMore) break;
    append_answer(answers_, parser_.command().args);
    const std::size_t size = parser_.consumable();
    parser_.consumed(size);
    parser_.restart();
    answered += size;
  }
  kept_.erase(0, answered);
  return true;
}

Wish NullUpstream::send_answers() {
  while (sent_ < answers_.size()) {
    const Moved written = wire_.write(std::string_view(answers_).substr(sent_));
    if (written <= 0) return written == kWouldBlock ? Wish::kWrite : Wish::kEnd;
    sent_ += static_cast<std::size_t>(written);
  }
  answers_.clear();
  sent_ = 0;
  return Wish::kRead;
}

}  // namespace respgate::bench
