#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "proxy/common/units.h"
#include "proxy/config/config_sections.h"
#include "proxy/config/machine.h"

namespace respgate::proxy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kLeastMemory = 16 * kMiB;
constexpr CountRange kMemory{kLeastMemory, 1024 * kGiB};
constexpr unsigned kDefaultMemoryPercentage = 50;

std::size_t share_of_memory(unsigned percentage) {
  const std::uint64_t bytes = usable_memory() / 100 * percentage;
  return static_cast<std::size_t>(std::max(bytes, kLeastMemory));
}

void read_memory(MapReader& section, ClientLimits& limits) {
  limits.memory_bytes = share_of_memory(kDefaultMemoryPercentage);
  const auto text = section.spelling("memory");
  if (!text) return;
  if (const auto percentage = parse_percentage(*text)) {
    limits.memory_bytes = share_of_memory(*percentage);
    return;
  }
  const auto bytes = parse_size(*text);
  if (!bytes || *bytes < kMemory.min || *bytes > kMemory.max) {
    section.complain("memory",
                     quote(*text) + " is no share of memory: write 1% to 100%, or a size from " + spell_size(kMemory.min) + " up");
    return;
  }
  limits.memory_bytes = static_cast<std::size_t>(*bytes);
}

void read_unauthenticated(MapReader section, ClientLimits& limits) {
  // HELLO 3 AUTH user password SETNAME name has seven.
  section.count("max_arguments", limits.unauthenticated_max_arguments, {7, 1024 * 1024});
  section.size("max_bulk_bytes", limits.unauthenticated_max_bulk_bytes, {64, 512 * kMiB});
  section.duration("timeout", limits.unauthenticated_timeout, {Milliseconds(100), hours(1)});
  if (limits.unauthenticated_max_arguments > limits.max_arguments) {
    section.complain("max_arguments", "is more than clients may send after login: write at most " + std::to_string(limits.max_arguments));
  }
  if (limits.unauthenticated_max_bulk_bytes > limits.max_bulk_bytes) {
    section.complain("max_bulk_bytes", "is more than clients may send after login: write at most " + spell_size(limits.max_bulk_bytes));
  }
  section.finish();
}

void read_shared(MapReader& section, AuthFailureLimits::Shared& shared) {
  std::vector<PlacedText> texts;
  if (!section.texts("shared", texts)) return;
  shared = {};
  for (PlacedText& item : texts) {
    if (const auto network = IpNetwork::parse(item.text)) {
      shared.networks.push_back(*network);
    } else if (item.text == kUnixSource) {
      shared.has_unix_sockets = true;
    } else {
      section.complain_at(item.at, "shared",
                          quote(item.text) +
                              " is no source: write a network like 10.0.0.0/8 or 2001:db8::/32, with no address bit behind the "
                              "prefix, or \"unix:\"");
    }
    shared.texts.push_back(std::move(item.text));
  }
}

void read_auth_failures(MapReader section, AuthFailureLimits& limits) {
  section.count("max", limits.max, {0, 10'000});
  section.duration("per", limits.per, {Milliseconds(100), hours(24)});
  section.duration("lockout", limits.lockout, {Milliseconds(100), hours(24)});
  read_shared(section, limits.shared);
  section.finish();
}

}  // namespace

AuthFailureLimits::Shared AuthFailureLimits::loopback() {
  Shared shared{{}, true, {"127.0.0.0/8", "::1", std::string(kUnixSource)}};
  for (const std::string_view network : {"127.0.0.0/8", "::1"}) shared.networks.push_back(*IpNetwork::parse(network));
  return shared;
}

void read_limits(MapReader& root, Config& config) {
  MapReader section = root.section("limits");
  ClientLimits& limits = config.limits;
  section.size("max_bulk_bytes", limits.max_bulk_bytes, {16 * kKiB, 512 * kMiB});
  section.count("max_arguments", limits.max_arguments, {10, 1024 * 1024});
  read_unauthenticated(section.section("unauthenticated"), limits);
  section.size("client_output_buffer", limits.client_output_buffer, {64 * kKiB, 16 * kGiB});
  read_memory(section, limits);
  section.duration("lane_stall", limits.lane_stall, {Milliseconds(1), minutes(1)});
  section.count("client_window", limits.client_window, {1, 1'000'000});
  section.duration("idle_timeout", limits.idle_timeout, {seconds(0), hours(720)});
  read_auth_failures(section.section("auth_failures"), limits.auth_failures);
  section.finish();
}

}  // namespace respgate::proxy
