// A connection from a load balancer, until it has said in a PROXY header who its
// client is.  Reads not one byte more than that.  Keeps itself alive until it is done,
// at the latest when its time is over.
// Lives on its worker's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/config/config.h"
#include "proxy/reception/proxy_header.h"
#include "tls/stream.h"

namespace respgate::proxy {

class Arrival : public std::enable_shared_from_this<Arrival> {
 public:
  // `header` is null when there is none to go on with; then `why` says so, in words for a log.
  using Done = std::function<void(tls::Stream stream, const ProxyHeader* header, std::string_view why)>;

  static void begin(boost::asio::io_context& io, tls::Stream stream, Milliseconds patience, Done done);

 private:
  Arrival(boost::asio::io_context& io, tls::Stream stream, Done done);
  void read_on();
  void finish(bool is_good, std::string_view why);

  tls::Stream stream_;
  Done done_;  // empty once it was called
  boost::asio::steady_timer timer_;
  ProxyHeaderParser parser_;
};

}  // namespace respgate::proxy
