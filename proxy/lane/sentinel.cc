#include "proxy/lane/sentinel.h"

#include <array>
#include <string_view>

#include "protocol/command_parser.h"

namespace respgate::proxy {
namespace {

void append_echo(std::string& wire, const Nonce& nonce) {
  const std::array<std::string_view, 2> words{"ECHO", {nonce.data(), nonce.size()}};
  protocol::append_command(wire, words);
}

}  // namespace

Sentinel::Sentinel(const SentinelConfig& config) : config_(config) {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  random_.seed(seed);
}

void Sentinel::guard(Request& request) {
  if (config_.mode != SentinelConfig::Mode::kStrict || request.wire.empty()) return;
  request.guard = Request::Guard::kGuarded;
  request.nonce = fresh_nonce();
  request.command_bytes = request.wire.size();
  append_echo(request.wire, request.nonce);
}

bool Sentinel::is_due(std::int64_t now_ms) const {
  if (config_.mode != SentinelConfig::Mode::kOn || since_probe_ == 0) return false;
  return since_probe_ >= config_.every || now_ms - last_probe_ms_ >= config_.interval.count();
}

void Sentinel::make_probe(Request& request, std::int64_t now_ms) {
  request.guard = Request::Guard::kProbe;
  request.nonce = fresh_nonce();
  append_echo(request.wire, request.nonce);
  since_probe_ = 0;
  last_probe_ms_ = now_ms;
}

Nonce Sentinel::fresh_nonce() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t number = random_();
  Nonce nonce;
  for (char& digit : nonce) {
    digit = kDigits[number & 15];
    number >>= 4;
  }
  return nonce;
}

}  // namespace respgate::proxy
