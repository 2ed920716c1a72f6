#include "proxy/aws/keeper.h"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "proxy/aws/refresh.h"
#include "proxy/common/clock.h"

namespace respgate::proxy {
namespace {

namespace asio = boost::asio;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

AwsKeeper::AwsKeeper(asio::io_context& io, std::unique_ptr<AwsChain> chain, std::function<void(const News&)> tell)
    : io_(io), chain_(std::move(chain)), tell_(std::move(tell)), timer_(io), random_(std::random_device{}()) {}

void AwsKeeper::start() { asio::co_spawn(io_, run(shared_from_this()), asio::detached); }

void AwsKeeper::doubt() {
  if (asking_) return;
  is_doubted_ = true;
  timer_.cancel();
}

void AwsKeeper::stop() {
  tell_ = nullptr;
  timer_.cancel();
}

asio::awaitable<void> AwsKeeper::run(std::shared_ptr<AwsKeeper> self) {
  while (self->tell_) {
    self->asking_ = true;
    AwsAnswer answer = co_await self->chain_->fetch();
    self->asking_ = false;
    self->asked_ms_ = steady_ms();
    if (!self->tell_) co_return;
    self->take(std::move(answer));
    self->timer_.expires_after(self->pause());
    co_await self->timer_.async_wait(kAwait);  // cut short by doubt() and stop()
    while (self->tell_ && self->is_too_soon()) {
      self->timer_.expires_after(std::chrono::milliseconds(self->asked_ms_ - steady_ms()) + aws_doubt_pause(self->in_vain_));
      co_await self->timer_.async_wait(kAwait);
    }
  }
}

bool AwsKeeper::is_too_soon() const { return steady_ms() - asked_ms_ < aws_doubt_pause(in_vain_).count(); }

void AwsKeeper::take(AwsAnswer&& answer) {
  const std::int64_t now_s = unix_s();
  const bool found = answer.kind == AwsAnswer::Kind::kFound;
  const bool is_good = found && answer.credentials.expires_s > now_s;
  news_.refreshed = is_good;
  news_.trouble = is_good ? "" : answer.what + (found ? ": what it hands out has expired" : "");
  const bool is_new = is_good && (!news_.credentials || *news_.credentials != answer.credentials);
  in_vain_ = is_doubted_ && !is_new ? in_vain_ + 1 : 0;
  is_doubted_ = false;
  if (is_good) news_.credentials = std::make_shared<const AwsCredentials>(std::move(answer.credentials));
  if (news_.credentials && news_.credentials->expires_s <= now_s) news_.credentials.reset();
  failures_ = is_good ? 0 : failures_ + 1;
  tell_(news_);
}

std::chrono::milliseconds AwsKeeper::pause() {
  const double chance = static_cast<double>(random_()) / static_cast<double>(std::minstd_rand::max());
  return aws_refresh_pause({unix_s(), news_.credentials ? news_.credentials->expires_s : 0, failures_, chance});
}

}  // namespace respgate::proxy
