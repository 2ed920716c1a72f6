// Credentials for a web identity (IRSA on EKS): the token in AWS_WEB_IDENTITY_TOKEN_FILE,
// read again each time, is exchanged at STS for those of AWS_ROLE_ARN.
//
// Over HTTPS with the certificate verified; AWS_ENDPOINT_URL_STS may name another STS, by plain HTTP only on this machine.
#pragma once

#include "proxy/aws/provider.h"

namespace respgate::proxy {

class AwsWebIdentity final : public AwsProvider {
 public:
  // `region` chooses the STS when the environment names none; empty: the global one.
  AwsWebIdentity(const AwsEnvironment& environment, const AwsPlaces& places, std::string region)
      : environment_(environment), places_(places), region_(std::move(region)) {}
  std::string_view name() const override { return "web identity"; }
  boost::asio::awaitable<AwsAnswer> fetch() override;

 private:
  const AwsEnvironment& environment_;
  const AwsPlaces& places_;
  const std::string region_;
};

}  // namespace respgate::proxy
