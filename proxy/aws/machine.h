// Credentials of an EC2 machine's role: the instance metadata service, version 2 only
// (a token is fetched first; a service that gives none is not asked without).
#pragma once

#include "proxy/aws/provider.h"

namespace respgate::proxy {

class AwsMachine final : public AwsProvider {
 public:
  AwsMachine(const AwsEnvironment& environment, const AwsPlaces& places) : environment_(environment), places_(places) {}
  std::string_view name() const override { return "instance metadata"; }
  boost::asio::awaitable<AwsAnswer> fetch() override;

 private:
  const AwsEnvironment& environment_;
  const AwsPlaces& places_;
};

}  // namespace respgate::proxy
