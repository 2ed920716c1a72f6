// Any bytes from a server: the same replies however they are cut and however much of
// them is passed on early.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_scanner.h"

namespace respgate::protocol {
namespace {

using Status = ReplyScanner::Status;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<std::string> replies;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

// Its bytes, those passed on early included, and what is said of them.
std::string seen(const ReplyFrame& frame, const std::string& passed_on) {
  if (passed_on.empty()) {
    require(frame.payload < frame.wire.size() && frame.wire[frame.payload] == static_cast<char>(frame.type));
    require(line_of(frame).size() < frame.wire.size() && error_code(frame).size() < frame.wire.size());
  }
  return static_cast<char>(frame.type) + std::to_string(frame.length) + ' ' + passed_on + std::string(frame.wire);
}

// Feeds `bytes` in pieces of `step`, taking off early what may be taken if asked to.
Outcome scan_in_steps(RespVersion version, std::string_view bytes, std::size_t step, bool early) {
  ReplyScanner scanner(version);
  Outcome outcome;
  std::string passed_on;
  for (std::size_t start = 0, end = 0;;) {
    // A copy of its own, so that a sanitizer sees who reads past it.
    const std::vector<char> held(bytes.begin() + static_cast<std::ptrdiff_t>(start), bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const Status status = scanner.scan({held.data(), held.size()});
    if (status == Status::kError) break;
    if (status == Status::kComplete) {
      outcome.replies.push_back(seen(scanner.frame(), passed_on));
      start += scanner.frame().wire.size();
      scanner.restart();
      passed_on.clear();
      continue;
    }
    const std::size_t taken = early ? scanner.scanned() : 0;
    require(taken <= held.size());
    passed_on.append(held.data(), taken);
    scanner.consumed(taken);
    start += taken;
    if (end == bytes.size()) break;
    end += std::min(step, bytes.size() - end);
  }
  outcome.error = scanner.error();
  return outcome;
}

void check(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto choice = static_cast<unsigned char>(bytes.front());
  const RespVersion version = choice % 2 == 0 ? RespVersion::kResp2 : RespVersion::kResp3;
  const std::size_t step = 1 + choice / 2 % 32;
  const std::string_view wire = bytes.substr(1);
  const Outcome whole = scan_in_steps(version, wire, wire.size() + 1, false);
  require(whole == scan_in_steps(version, wire, step, false));
  require(whole == scan_in_steps(version, wire, step, true));
}

}  // namespace
}  // namespace respgate::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  respgate::protocol::check({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
