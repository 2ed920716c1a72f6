// Two streams joined by a socket pair, one the server and one the client of a TLS connection.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "tls/stream.h"

namespace respgate::tls::testing {

class TlsPair {
 public:
  TlsPair(ServerContextPtr server, ClientContextPtr client, const std::string& host = "server.test");

  // Both ends take turns until both are done or one has failed; what the server and the client came to.
  struct Outcome {
    Handshake server;
    Handshake client;
    bool is_good() const { return server.state == Handshake::State::kDone && client.state == Handshake::State::kDone; }
  };
  Outcome shake_hands();

  Stream& server() { return server_; }
  Stream& client() { return client_; }
  boost::asio::io_context& io() { return io_; }
  int descriptor_of_client() const { return ends_[1]; }

  // All of `text` through `from`, as far as it goes without waiting, and what then comes out of `to`.
  static std::string carry(Stream& from, Stream& to, std::string_view text);
  static std::string read_all(Stream& from);

 private:
  boost::asio::io_context io_;
  int ends_[2];
  Stream server_;
  Stream client_;
};

}  // namespace respgate::tls::testing
