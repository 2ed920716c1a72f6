#include "proxy/aws/refresh.h"

#include <algorithm>

#include "proxy/aws/credentials.h"

namespace respgate::proxy {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kForKeysThatStayMs = 600'000;  // files are read again
constexpr std::int64_t kInPeaceMs = 60'000;
constexpr std::int64_t kFirstPauseMs = 1'000;
constexpr std::int64_t kLongestPauseMs = 30'000;

// Up to a fifth less, so that many proxies do not ask as one.
milliseconds spread(std::int64_t ms, double chance) {
  return milliseconds(ms - static_cast<std::int64_t>(static_cast<double>(ms) / 5 * chance));
}

std::int64_t ms_until_renewal(std::int64_t left_s) {
  const std::int64_t wait_s = left_s > 2 * kAwsAdvisoryS ? left_s - kAwsAdvisoryS : left_s / 2;
  return std::max<std::int64_t>(wait_s, 1) * 1000;
}

}  // namespace

milliseconds aws_refresh_pause(const AwsRefreshMoment& moment) {
  const bool stays = moment.expires_s == AwsCredentials::kNeverExpires;
  const std::int64_t left_s = stays ? moment.expires_s : moment.expires_s - moment.now_s;
  if (moment.failures > 0) {
    if (left_s > kAwsMandatoryS) return spread(kInPeaceMs, moment.chance);
    return spread(std::min(kLongestPauseMs, kFirstPauseMs << std::min(moment.failures - 1, 10u)), moment.chance);
  }
  if (stays) return spread(kForKeysThatStayMs, moment.chance);
  // Never later than the advice: what the spread takes off is time before it.
  return std::max(spread(ms_until_renewal(left_s), moment.chance), milliseconds(kFirstPauseMs));
}

milliseconds aws_doubt_pause(unsigned in_vain) { return milliseconds(1000) * (1 << std::min(in_vain, 6u)); }

}  // namespace respgate::proxy
