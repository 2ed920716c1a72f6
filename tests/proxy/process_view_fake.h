// A process as a gate sees it, as a test says it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/gate/process_view.h"

namespace respgate::proxy {

class FakeProcess final : public ProcessView {
 public:
  ProcessReport report() const override { return facts; }
  std::vector<AclLogEntry> newest_denials(std::size_t count) const override { return log.newest(count); }
  void forget_denials() override { log.clear(); }
  LoginRuling judge_login(std::string_view source, std::string_view user, bool is_right) override {
    tries.push_back(std::string(source) + " " + std::string(user) + (is_right ? " right" : " wrong"));
    return ruling;
  }

  ProcessReport facts;
  AclLog log;
  LoginRuling ruling;
  std::vector<std::string> tries;
};

}  // namespace respgate::proxy
