// How a server comes by AWS credentials, for logins that take them.
#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/aws/environment.h"
#include "proxy/common/log_text.h"
#include "proxy/server/server.h"

namespace respgate::proxy {
namespace {

// The region of the first login that takes credentials; empty: none does.
std::string region_in(const UpstreamLogins& logins) {
  const auto found = std::find_if(logins.begin(), logins.end(), [](const UpstreamLogin& login) { return login.is_iam(); });
  return found == logins.end() ? std::string() : found->iam->cache.region;
}

}  // namespace

void Server::keep_aws_credentials() {
  const std::string region = region_in(snapshot_->upstream_logins);
  if (region == aws_region_) return;
  aws_region_ = region;
  if (aws_) aws_->stop();
  aws_.reset();
  if (region.empty()) return;
  auto chain = std::make_unique<AwsChain>(aws_environment_of_process(), AwsPlaces{}, region);
  aws_ = std::make_shared<AwsKeeper>(io_, std::move(chain), [this](const AwsKeeper::News& news) { on_aws_news(news); });
  aws_->start();
}

void Server::on_aws_news(const AwsKeeper::News& news) {
  metrics_.count_iam_refresh(news.refreshed);
  if (news.refreshed) {
    spdlog::info("obtained AWS credentials access_key={} expire_s={}", log_text(news.credentials->access_key_id),
                 news.credentials->expires_s);
  } else {
    spdlog::warn("cannot obtain AWS credentials reason=\"{}\"", log_text(news.trouble));
  }
  for (const auto& worker : workers_)
    worker->post([aws = AwsSnapshot{news.credentials, news.trouble}](Worker& self) { self.use_aws(aws); });
}

}  // namespace respgate::proxy
