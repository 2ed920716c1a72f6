// One HTTP exchange: connect, ask, read a bounded reply, close.  No redirects, no
// proxies, no retries: who asks decides about those.  HTTPS verifies chain and name.
// What is asked and answered is secret: no error text holds a byte of either.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

#include "proxy/aws/url.h"

namespace respgate::proxy {

struct AwsHttpRequest {
  std::string_view method = "GET";
  AwsUrl url;
  std::vector<std::pair<std::string, std::string>> headers;  // REQUIRES: no CR, no LF
  std::string body;
};

// What to ask of a place, or why it cannot be asked.
struct AwsQuestion {
  AwsHttpRequest request;
  std::string problem;  // empty: ask

  static AwsQuestion refused(std::string why) { return {{}, std::move(why)}; }
};

struct AwsHttpReply {
  unsigned status = 0;
  std::string body;
};

struct AwsHttpLimits {
  std::chrono::milliseconds timeout{5000};  // for the whole exchange
  std::string ca_file;                      // empty: the system's certificate authorities
};

struct AwsHttpProblem {
  std::string what;  // "cannot reach 169.254.169.254: timed out"
};

using AwsHttpResult = boost::system::result<AwsHttpReply, AwsHttpProblem>;

// On the caller's executor.
boost::asio::awaitable<AwsHttpResult> exchange_http(AwsHttpRequest request, AwsHttpLimits limits);

}  // namespace respgate::proxy
