// What AWS's tools take from the environment, as a value: read once when the process
// starts, written by hand in tests.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace respgate::proxy {

struct AwsEnvironment {
  std::map<std::string, std::string, std::less<>> variables;  // AWS_… and HOME

  // Empty when it is not set, as AWS's tools have it.
  std::string_view operator[](std::string_view name) const {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string_view() : std::string_view(found->second);
  }
  // AWS_REGION, else AWS_DEFAULT_REGION.
  std::string_view region() const {
    const AwsEnvironment& self = *this;
    return self["AWS_REGION"].empty() ? self["AWS_DEFAULT_REGION"] : self["AWS_REGION"];
  }
};

AwsEnvironment aws_environment_of_process();

}  // namespace respgate::proxy
