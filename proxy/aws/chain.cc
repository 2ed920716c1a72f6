#include "proxy/aws/chain.h"

#include <utility>

#include "proxy/aws/container.h"
#include "proxy/aws/machine.h"
#include "proxy/aws/shared_files.h"
#include "proxy/aws/variables.h"
#include "proxy/aws/web_identity.h"

namespace respgate::proxy {

AwsChain::AwsChain(AwsEnvironment environment, AwsPlaces places, std::string region)
    : environment_(std::move(environment)), places_(std::move(places)) {
  providers_.push_back(std::make_unique<AwsVariables>(environment_));
  providers_.push_back(std::make_unique<AwsSharedFiles>(environment_));
  providers_.push_back(std::make_unique<AwsContainer>(environment_, places_));
  providers_.push_back(std::make_unique<AwsWebIdentity>(environment_, places_, std::move(region)));
  providers_.push_back(std::make_unique<AwsMachine>(environment_, places_));
}

boost::asio::awaitable<AwsAnswer> AwsChain::fetch() {
  for (const auto& provider : providers_) {
    AwsAnswer answer = co_await provider->fetch();
    if (answer.kind == AwsAnswer::Kind::kAbsent) continue;
    answer.what = std::string(provider->name()) + (answer.what.empty() ? "" : ": " + answer.what);
    co_return answer;
  }
  co_return AwsAnswer::failed(
      "there are none in the environment, shared files, a container or a web identity, and instance metadata is off");
}

}  // namespace respgate::proxy
