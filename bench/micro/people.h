// Who asks in the micro-benchmarks: a user with ten key patterns and without what is dangerous, and what he says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "acl/policy.h"
#include "protocol/resp.h"

namespace respgate::bench {

// Users `app` (of whose patterns the last fits kKey) and `everything`, and three command rules.
acl::PolicyPtr policy();

inline constexpr std::string_view kKey = "key:000000000001";

// A command as its words and as its bytes.
class Spoken {
 public:
  explicit Spoken(std::vector<std::string> words);
  Spoken(const Spoken&) = delete;
  Spoken& operator=(const Spoken&) = delete;

  protocol::Args args() const { return views_; }
  const std::string& wire() const { return wire_; }

 private:
  std::vector<std::string> words_;
  std::vector<std::string_view> views_;
  std::string wire_;
};

inline std::vector<std::string> get() { return {"GET", std::string(kKey)}; }
inline std::vector<std::string> set_1k() { return {"SET", std::string(kKey), std::string(1024, 'x')}; }
std::vector<std::string> mget_10();

}  // namespace respgate::bench
