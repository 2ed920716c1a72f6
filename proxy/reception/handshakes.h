// TLS handshakes under way on one worker.  A connection costs a socket until its first
// byte comes, and an OpenSSL object from then on, of which a listener has only so many
// at once: one more ends the oldest of the source that has the most, so that nobody can
// push out others than his own.  Whoever is not done in time is cut.
// Lives on its worker's thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/config/config.h"
#include "tls/stream.h"

namespace respgate::proxy {

class Handshakes {
 public:
  // Empty `why`: the stream is ready.  Else it is not, in words for a log.
  using Done = std::function<void(tls::Stream stream, const std::string& why)>;

  explicit Handshakes(boost::asio::io_context& io) : io_(io) {}
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  struct Terms {
    std::size_t listener = 0;
    std::string source;  // who it is, without a port: "203.0.113.7"
    tls::ServerContextPtr context;
    Milliseconds patience{0};
    std::size_t at_once = 0;  // of this listener, on this worker
  };
  void begin(tls::Stream stream, Terms terms, Done done);

  std::size_t under_way() const { return under_way_.size(); }

 private:
  class Handshake;
  using UnderWay = std::list<std::shared_ptr<Handshake>>;  // oldest first

  void make_room(const Terms& terms);

  boost::asio::io_context& io_;
  UnderWay under_way_;
};

}  // namespace respgate::proxy
