#include "proxy/reception/handshakes.h"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace respgate::proxy {

class Handshakes::Handshake : public std::enable_shared_from_this<Handshake> {
 public:
  Handshake(Handshakes& owner, tls::Stream stream, Terms terms, Done done)
      : owner_(owner), stream_(std::move(stream)), terms_(std::move(terms)), done_(std::move(done)), timer_(owner.io_) {}

  void start() {
    timer_.expires_after(terms_.patience);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) self->finish("not done within handshake_timeout");
    });
    stream_.wait_readable([self = shared_from_this()](const tls::error_code& error) {
      if (!error && self->done_) self->on_first_byte();
    });
  }

  void finish(const std::string& why) {
    if (!done_) return;
    timer_.cancel();
    if (is_listed_) owner_.under_way_.erase(place_);
    is_listed_ = false;
    const Done done = std::exchange(done_, nullptr);
    done(std::move(stream_), why);
  }

  std::size_t listener() const { return terms_.listener; }
  const std::string& source() const { return terms_.source; }

 private:
  // A client that leaves without a word never gets this far either: its end is readable too, and found out at once.
  void on_first_byte() {
    owner_.make_room(terms_);
    owner_.under_way_.push_back(shared_from_this());
    place_ = std::prev(owner_.under_way_.end());
    is_listed_ = true;
    stream_.begin_tls(terms_.context);
    go_on();
  }

  void go_on() {
    if (!done_) return;
    const tls::Handshake step = stream_.handshake();
    const auto retry = [self = shared_from_this()](const tls::error_code& error) {
      if (!error) self->go_on();
    };
    switch (step.state) {
      case tls::Handshake::State::kDone: return finish({});
      case tls::Handshake::State::kFailed: return finish(step.why);
      case tls::Handshake::State::kWantsRead: return stream_.wait_readable(retry);
      case tls::Handshake::State::kWantsWrite: return stream_.wait_writable(retry);
    }
  }

  Handshakes& owner_;
  tls::Stream stream_;
  const Terms terms_;
  Done done_;  // empty once it was called
  boost::asio::steady_timer timer_;
  UnderWay::iterator place_;
  bool is_listed_ = false;
};

void Handshakes::begin(tls::Stream stream, Terms terms, Done done) {
  std::make_shared<Handshake>(*this, std::move(stream), std::move(terms), std::move(done))->start();
}

void Handshakes::make_room(const Terms& terms) {
  const auto same = [&](const auto& other) { return other->listener() == terms.listener; };
  std::unordered_map<std::string_view, std::size_t> counts{{terms.source, 1}};  // the newcomer counts
  std::size_t total = 0;
  for (const auto& other : under_way_ | std::views::filter(same)) {
    ++counts[other->source()];
    ++total;
  }
  if (total < terms.at_once) return;
  std::size_t most = 0;
  for (const auto& [source, count] : counts) most = std::max(most, count);
  // There is one: a newcomer who has the most has another under way, or everybody has one.
  const auto is_of_most = [&](const auto& other) { return same(other) && counts[other->source()] == most; };
  const std::shared_ptr<Handshake> pushed_out = *std::find_if(under_way_.begin(), under_way_.end(), is_of_most);
  pushed_out->finish("pushed out: more than max_handshakes at once");
}

}  // namespace respgate::proxy
