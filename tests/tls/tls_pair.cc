#include "tests/tls/tls_pair.h"

#include <array>
#include <stdexcept>

namespace respgate::tls::testing {
namespace {

int* connected_pair(int (&ends)[2]) {
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
  return ends;
}

Socket socket_of(boost::asio::io_context& io, int descriptor) {
  return {io.get_executor(), boost::asio::generic::stream_protocol(AF_UNIX, 0), descriptor};
}

bool is_over(const Handshake& step) { return step.state == Handshake::State::kDone || step.state == Handshake::State::kFailed; }

}  // namespace

TlsPair::TlsPair(ServerContextPtr server, ClientContextPtr client, const std::string& host)
    : server_(socket_of(io_, connected_pair(ends_)[0])), client_(socket_of(io_, ends_[1])) {
  server_.begin_tls(std::move(server));
  client_.begin_tls(std::move(client), host);
}

TlsPair::Outcome TlsPair::shake_hands() {
  Outcome outcome;
  do {
    outcome.client = client_.handshake();
    outcome.server = server_.handshake();
    if (outcome.client.state == Handshake::State::kFailed) client_.close();
    if (outcome.server.state == Handshake::State::kFailed) server_.shutdown_send();
  } while (client_.is_open() && !(is_over(outcome.client) && is_over(outcome.server)));
  return outcome;
}

std::string TlsPair::carry(Stream& from, Stream& to, std::string_view text) {
  const ::iovec bytes{const_cast<char*>(text.data()), text.size()};
  (void)from.write({&bytes, 1});
  return read_all(to);
}

std::string TlsPair::read_all(Stream& from) {
  std::string all;
  std::array<char, 64 * 1024> buffer;
  for (Transfer got = from.read(buffer); got.bytes > 0; got = from.read(buffer)) all.append(buffer.data(), got.bytes);
  return all;
}

}  // namespace respgate::tls::testing
