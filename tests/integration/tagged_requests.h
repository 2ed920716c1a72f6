// Requests whose only right answer is known in advance, byte for byte, and is
// nobody else's: every key, value and number carries the tag of its asker.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "protocol/resp.h"
#include "tests/integration/random_policy.h"

namespace respgate::test {

// What may come for one request.  All are whole frames, so none begins another.
struct Expected {
  std::vector<std::string> always;        // right at any time
  std::vector<std::string> after_outage;  // right as well when the server lost its data in between
  bool may_fail = true;                   // goes upstream: the contract's errors are right in an outage
  double sent_at = 0;
};

class TaggedRequests {
 public:
  // `user` may use "<user>:*"; `tag` is unique in the whole run.
  TaggedRequests(std::string user, std::uint64_t tag, protocol::RespVersion version)
      : user_(std::move(user)), prefix_(user_ + ":" + std::to_string(tag) + ":"), tag_(tag), version_(version) {}

  // Appends AUTH or HELLO, as it fits the version.  HELLO's answer is the only one not known by its bytes.
  void append_login(std::string& wire, std::deque<Expected>& expected) const;
  // Appends a few requests about one new key, sometimes denied or wrong ones among them.
  void append_unit(Random& random, std::string& wire, std::deque<Expected>& expected);
  // Appends a request that ends the connection with a protocol error.
  static void append_malformed(Random& random, std::string& wire, std::deque<Expected>& expected);

  static constexpr std::string_view kHelloEnd = "modules";  // the last field of HELLO's answer

 private:
  void add(std::string& wire, std::deque<Expected>& expected, const std::vector<std::string>& words, Expected answer) const;
  void append_string_unit(Random& random, std::string& wire, std::deque<Expected>& expected);
  void append_collection_unit(Random& random, std::string& wire, std::deque<Expected>& expected);
  void append_huge_unit(Random& random, std::string& wire, std::deque<Expected>& expected);
  void append_refused(Random& random, std::string& wire, std::deque<Expected>& expected) const;
  std::string next_key() { return prefix_ + std::to_string(serial_++); }
  std::string null() const { return version_ == protocol::RespVersion::kResp3 ? "_\r\n" : "$-1\r\n"; }

  std::string user_;
  std::string prefix_;
  std::uint64_t tag_;
  protocol::RespVersion version_;
  std::uint64_t serial_ = 0;
};

}  // namespace respgate::test
