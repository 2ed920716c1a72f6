// Who has guessed passwords, and how often: limits.auth_failures.  Three counts of each
// failure, each over a sliding window:
//
//   (source, name tried)   `max` of them within `per`: whatever is tried from there with
//                          that name is wrong for the time of `lockout`, and looks so
//   the source             past `max`, its wrong guesses are answered later: 20 ms for
//   the name               each more, a second at most.  Nobody is refused for them, or
//                          an attacker could shut the owner out.
//
// A name is counted whether or not there is such a user, so nothing tells which there
// are.  Guesses while locked out do not prolong it: a client with the right password
// that goes on trying gets in when it ends.  A right password takes nothing back, or
// whoever shares an address with the owner could guess between his logins.
// What delay cannot do: it slows each connection, so who opens more of them guesses
// faster; what bounds the guesses at one name is the lockout, from each source.
//
// A source is an IPv4 address, the first 64 bits of an IPv6 address (which is what one
// customer gets), or all of the unix sockets.
//
// The memory is fixed: 32768 counts, 2.5 MiB, made when first needed.  Their places
// depend on a random number of this process, so nobody can aim at one.  When the eight
// places of a count are taken, the one goes that was over first, then that with the
// fewest failures, then the oldest; who is locked out goes last.  So to have one count
// forgotten somebody must fail more often than it says with all of 32768 others: tens
// of guesses given away for each that is won.
//
// A failure counts for `per` at least, and a seventh longer at most.
// Thread-safe: sixteen parts with a mutex each, held for a look at eight counts.  Only
// logins come here.  The time comes from outside (steady clock).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/common/ip_network.h"
#include "proxy/config/config.h"
#include "proxy/gate/process_view.h"

namespace respgate::proxy {

// How many failures there were within the last while: eight slots of a seventh of it each.
class FailureWindow {
 public:
  // One more.  Gives the count with it.
  std::size_t add(std::int64_t now_ms, std::int64_t length_ms);
  std::size_t count(std::int64_t now_ms, std::int64_t length_ms);
  std::int64_t newest_slot() const { return newest_; }

 private:
  static constexpr std::int64_t kSlots = 8;
  void advance(std::int64_t now_ms, std::int64_t length_ms);

  std::int64_t newest_ = 0;    // slot of the newest failure, counted from 0 on the clock
  std::int64_t width_ms_ = 0;  // of a slot; another one begins anew: the configuration has changed
  std::array<std::uint16_t, kSlots> counts_{};
};

class FailedLogins {
 public:
  FailedLogins();  // throws std::runtime_error where there is no randomness
  FailedLogins(const FailedLogins&) = delete;
  FailedLogins& operator=(const FailedLogins&) = delete;

  // Somebody at `source` ("192.0.2.1", "unix:") tried `user`.  The same work whether or not there is that user.
  LoginRuling judge(const AuthFailureLimits& limits, std::string_view source, std::string_view user, bool is_right, std::int64_t now_ms);
  // A certificate that was no good: of the source alone.
  void count_certificate(const AuthFailureLimits& limits, std::string_view source, std::int64_t now_ms);

  // Forgets the failures of a user, of a source, or of that user there.  Gives how many pairs were locked out; nothing
  // when the source is none.
  std::optional<std::size_t> unlock(const std::optional<std::string_view>& user, const std::optional<std::string_view>& source,
                                    std::int64_t now_ms);

  static constexpr std::size_t kMostCounts = 32768;

 private:
  using Tag = std::array<std::uint8_t, 16>;  // of a name: a hash that only this process can make
  struct Place {
    std::uint8_t kind = 0;  // 0: none
    std::array<std::uint8_t, 16> address{};
    bool operator==(const Place&) const = default;
  };
  // Of a pair, or of one of both; nobody's and of nowhere: an empty count.
  struct Key {
    Place source;
    bool has_user = false;
    Tag user{};
    bool operator==(const Key&) const = default;
  };
  struct Count {
    Key key;
    FailureWindow window;
    std::int64_t locked_until_ms = 0;
  };
  static constexpr std::size_t kParts = 16;
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kRows = kMostCounts / kParts / kWays;
  struct Part {
    std::mutex mutex;
    std::vector<Count> counts;  // kRows of kWays
  };

  static std::optional<Place> place_of(std::string_view source);
  static bool is_shared(const AuthFailureLimits& limits, std::string_view source);
  Tag tag_of(std::string_view user) const;
  Part& part_of(const Key& key, std::size_t& row);
  static Count* find(Part& part, std::size_t row, const Key& key);
  static Count& find_or_make(Part& part, std::size_t row, const Key& key, const AuthFailureLimits& limits, std::int64_t now_ms);
  bool judge_pair(const AuthFailureLimits& limits, const Key& key, bool is_right, std::int64_t now_ms);
  std::size_t add(const AuthFailureLimits& limits, const Key& key, std::int64_t now_ms);

  std::array<std::uint8_t, 32> secret_{};
  std::array<Part, kParts> parts_;
};

}  // namespace respgate::proxy
