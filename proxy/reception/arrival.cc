#include "proxy/reception/arrival.h"

#include <array>
#include <utility>

namespace respgate::proxy {

Arrival::Arrival(boost::asio::io_context& io, tls::Stream stream, Done done)
    : stream_(std::move(stream)), done_(std::move(done)), timer_(io) {}

void Arrival::begin(boost::asio::io_context& io, tls::Stream stream, Milliseconds patience, Done done) {
  const std::shared_ptr<Arrival> self(new Arrival(io, std::move(stream), std::move(done)));
  self->timer_.expires_after(patience);
  self->timer_.async_wait([self](const boost::system::error_code& cancelled) {
    if (!cancelled) self->finish(false, "no PROXY header in time");
  });
  self->read_on();
}

void Arrival::read_on() {
  using Status = ProxyHeaderParser::Status;
  std::array<char, ProxyHeaderParser::kMaxBytes> bytes;
  while (done_) {
    const tls::Transfer got = stream_.read(std::span(bytes).first(parser_.wanted()));
    if (got.blocked) break;
    if (got.error) return finish(false, "closed before its PROXY header was whole");
    const Status status = parser_.feed({bytes.data(), got.bytes});
    if (status == Status::kError) return finish(false, parser_.error());
    if (status == Status::kComplete) return finish(true, {});
  }
  if (!done_) return;
  stream_.wait_readable([self = shared_from_this()](const tls::error_code& error) {
    if (!error) self->read_on();
  });
}

void Arrival::finish(bool is_good, std::string_view why) {
  if (!done_) return;
  timer_.cancel();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(stream_), is_good ? &parser_.header() : nullptr, why);
}

}  // namespace respgate::proxy
