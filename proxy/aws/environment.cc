#include "proxy/aws/environment.h"

#include <unistd.h>

namespace respgate::proxy {

AwsEnvironment aws_environment_of_process() {
  AwsEnvironment environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == text.npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (name.starts_with("AWS_") || name == "HOME") environment.variables.emplace(name, text.substr(equals + 1));
  }
  return environment;
}

}  // namespace respgate::proxy
