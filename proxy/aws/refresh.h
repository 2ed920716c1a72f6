// When AWS credentials are asked for again.  Pure: time and chance come in.
//
//   15 minutes before they expire   now and then, in peace
//   10 minutes before               soon again after each failure, with growing pauses
//   expired                         the same; nothing is signed any more
//
// What lives shorter than half an hour is renewed at half its life.
#pragma once

#include <chrono>
#include <cstdint>

namespace respgate::proxy {

inline constexpr std::int64_t kAwsAdvisoryS = 15 * 60;
inline constexpr std::int64_t kAwsMandatoryS = 10 * 60;

struct AwsRefreshMoment {
  std::int64_t now_s = 0;
  std::int64_t expires_s = 0;  // of the credentials in use; 0: there are none; AwsCredentials::kNeverExpires
  unsigned failures = 0;       // in a row
  double chance = 0;           // from 0 to 1
};

// How long to wait before asking again.
std::chrono::milliseconds aws_refresh_pause(const AwsRefreshMoment& moment);

// How soon to ask again after the last time when the node does not believe what it is shown: `in_vain` times in a row
// that brought nothing new.
std::chrono::milliseconds aws_doubt_pause(unsigned in_vain);

}  // namespace respgate::proxy
