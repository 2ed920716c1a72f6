// Keeps AWS credentials fresh: asks the chain, tells what came of it, asks again
// ahead of their expiry or when somebody found them refused.  What fails keeps the
// old ones until they expire.
// Lives on the control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/aws/chain.h"

namespace respgate::proxy {

class AwsKeeper : public std::enable_shared_from_this<AwsKeeper> {
 public:
  using Credentials = std::shared_ptr<const AwsCredentials>;
  struct News {
    bool refreshed = false;   // no: the old ones stay until they expire
    Credentials credentials;  // what can be signed with now; null: nothing
    std::string trouble;      // not refreshed: why, for logs and /readyz
  };

  AwsKeeper(boost::asio::io_context& io, std::unique_ptr<AwsChain> chain, std::function<void(const News&)> tell);

  void start();
  // The node did not believe a token: asks the chain again, at most once a second, and ever more rarely while that brings
  // nothing new.
  void doubt();
  void stop();

 private:
  static boost::asio::awaitable<void> run(std::shared_ptr<AwsKeeper> self);
  void take(AwsAnswer&& answer);
  std::chrono::milliseconds pause();
  bool is_too_soon() const;

  boost::asio::io_context& io_;
  const std::unique_ptr<AwsChain> chain_;
  std::function<void(const News&)> tell_;  // empty once stopped
  boost::asio::steady_timer timer_;
  News news_;
  bool asking_ = true;
  bool is_doubted_ = false;
  unsigned in_vain_ = 0;  // times in a row that doubts brought nothing new
  unsigned failures_ = 0;
  std::int64_t asked_ms_ = 0;
  std::minstd_rand random_;
};

}  // namespace respgate::proxy
