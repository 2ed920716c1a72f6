// Credentials in environment variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN and AWS_CREDENTIAL_EXPIRATION.
#pragma once

#include "proxy/aws/provider.h"

namespace respgate::proxy {

class AwsVariables final : public AwsProvider {
 public:
  explicit AwsVariables(const AwsEnvironment& environment) : environment_(environment) {}
  std::string_view name() const override { return "environment"; }
  boost::asio::awaitable<AwsAnswer> fetch() override;

 private:
  const AwsEnvironment& environment_;
};

}  // namespace respgate::proxy
