// Credentials of a container: the endpoint of ECS (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)
// or of EKS Pod Identity and the like (…_FULL_URI), with an authorization token from
// a file that is read again each time, or from the environment.
#pragma once

#include "proxy/aws/provider.h"

namespace respgate::proxy {

class AwsContainer final : public AwsProvider {
 public:
  AwsContainer(const AwsEnvironment& environment, const AwsPlaces& places) : environment_(environment), places_(places) {}
  std::string_view name() const override { return "container endpoint"; }
  boost::asio::awaitable<AwsAnswer> fetch() override;

 private:
  const AwsEnvironment& environment_;
  const AwsPlaces& places_;
};

}  // namespace respgate::proxy
