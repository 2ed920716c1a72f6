// One place where AWS credentials may come from.  chain.h asks them in order.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "proxy/aws/credentials.h"
#include "proxy/aws/environment.h"
#include "proxy/aws/reply.h"

namespace respgate::proxy {

struct AwsAnswer {
  enum class Kind : std::uint8_t {
    kFound,
    kAbsent,  // nothing points to this place: ask the next
    kFailed,  // something does, and it did not work: another identity must not slip in
  };
  Kind kind = Kind::kAbsent;
  AwsCredentials credentials;
  std::string what;  // kFailed: why, without a secret byte

  static AwsAnswer absent() { return {}; }
  static AwsAnswer found(const AwsCredentials& credentials) { return {Kind::kFound, credentials, {}}; }
  static AwsAnswer failed(std::string what) { return {Kind::kFailed, {}, std::move(what)}; }
  static AwsAnswer of(const AwsReplyResult& reply) { return reply ? found(*reply) : failed(reply.error().what); }
};

// Waits and addresses that AWS fixes; tests bring their own.
struct AwsPlaces {
  std::string container = "http://169.254.170.2";  // what AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is relative to
  std::string machine = "http://169.254.169.254";
  std::string machine_ipv6 = "http://[fd00:ec2::254]";
  std::chrono::milliseconds container_timeout{2000};
  unsigned container_tries = 3;
  std::chrono::milliseconds container_pause{1000};
  std::chrono::milliseconds machine_timeout{1000};
  std::chrono::milliseconds sts_timeout{5000};
};

class AwsProvider {
 public:
  virtual ~AwsProvider() = default;
  virtual std::string_view name() const = 0;
  // Everything is read afresh.  REQUIRES: one at a time.
  virtual boost::asio::awaitable<AwsAnswer> fetch() = 0;
};

}  // namespace respgate::proxy
