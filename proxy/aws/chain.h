// Where AWS credentials come from, as AWS's own tools look for them: environment,
// shared files, container endpoint, web identity, instance metadata.  The first that
// something points to decides; when it fails, no other identity slips in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "proxy/aws/provider.h"

namespace respgate::proxy {

class AwsChain {
 public:
  // `region`: whose STS is asked when the environment names none; may be empty.
  AwsChain(AwsEnvironment environment, AwsPlaces places, std::string region);
  AwsChain(const AwsChain&) = delete;
  AwsChain& operator=(const AwsChain&) = delete;

  // kFound or kFailed, with the name of the place in `what`.  REQUIRES: one at a time; *this outlives it.
  boost::asio::awaitable<AwsAnswer> fetch();

 private:
  const AwsEnvironment environment_;
  const AwsPlaces places_;
  std::vector<std::unique_ptr<AwsProvider>> providers_;
};

}  // namespace respgate::proxy
