#include "tests/integration/tagged_client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace respgate::test {
namespace {

constexpr std::size_t kPipelineMost = 20;  // units
constexpr std::size_t kLook = 4096;
constexpr std::size_t kFew = 20;  // requests in flight below which more are planned
constexpr std::array<std::string_view, 3> kFailures = {"-ERR respgate: upstream connection lost, outcome unknown\r\n",
                                                       "-ERR respgate: upstream unavailable\r\n", "-ERR respgate: upstream busy\r\n"};

int connect_to(const std::string& unix_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, unix_path.c_str(), unix_path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

int connect_to(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

}  // namespace

TaggedClient::~TaggedClient() {
  if (socket_ >= 0) ::close(socket_);
}

std::optional<std::string> TaggedClient::connect(Random& random, std::uint64_t tag, double now, CrowdCounters& counters) {
  if (socket_ >= 0) ::close(socket_);
  socket_ = by_tcp_ ? connect_to(place_.port) : connect_to(place_.unix_path);
  if (socket_ < 0) return "cannot connect: " + std::string(std::strerror(errno));
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  requests_.emplace(user_, tag, chance(random, 0.5) ? protocol::RespVersion::kResp3 : protocol::RespVersion::kResp2);
  out_.clear();
  in_.clear();
  expected_.clear();
  unsent_ = judged_ = 0;
  closing_ = ended_ = false;
  ++counters.connections;
  requests_->append_login(out_, expected_);
  for (Expected& expected : expected_) expected.sent_at = now;
  counters.sent += expected_.size();
  return std::nullopt;
}

void TaggedClient::plan(Random& random, double now, CrowdCounters& counters) {
  if (closing_ || ended_ || expected_.size() >= kFew || wants_to_write()) return;
  out_.clear();
  unsent_ = 0;
  const std::size_t before = expected_.size();
  for (std::size_t units = 1 + below(random, kPipelineMost); units > 0; --units) requests_->append_unit(random, out_, expected_);
  if (chance(random, 0.01)) {
    TaggedRequests::append_malformed(random, out_, expected_);
    closing_ = true;
    ++counters.malformed;
  }
  for (std::size_t n = before; n < expected_.size(); ++n) expected_[n].sent_at = now;
  counters.sent += expected_.size() - before;
}

std::optional<std::string> TaggedClient::write_some(Random& random) {
  if (!wants_to_write()) return std::nullopt;
  const std::size_t left = out_.size() - unsent_;
  const std::size_t piece = chance(random, 0.3) ? 1 + below(random, std::min<std::size_t>(left, 100)) : left;
  const ssize_t sent = ::send(socket_, out_.data() + unsent_, piece, MSG_NOSIGNAL);
  if (sent >= 0) {
    unsent_ += static_cast<std::size_t>(sent);
  } else if (errno != EAGAIN && !closing_) {
    return "cannot write: " + std::string(std::strerror(errno));
  }
  return std::nullopt;
}

std::optional<std::string> TaggedClient::read_some(const Outage& outage, CrowdCounters& counters) {
  std::array<char, 262144> chunk;
  const ssize_t received = ::recv(socket_, chunk.data(), chunk.size(), 0);
  if (received < 0 && errno == EAGAIN) return std::nullopt;
  if (received <= 0) {
    ended_ = true;
    if (closing_ && expected_.empty() && judged_ == in_.size()) return std::nullopt;
    if (received == 0 && is_cut_off(outage)) {
      counters.failed += expected_.size();
      expected_.clear();
      return std::nullopt;
    }
    return std::string(received == 0 ? "closed" : std::strerror(errno)) + (closing_ ? " after its malformed request" : "") + " with " +
           std::to_string(expected_.size()) + " replies missing";
  }
  counters.bytes += static_cast<std::size_t>(received);
  in_.append(chunk.data(), static_cast<std::size_t>(received));
  return judge(outage, counters);
}

// In the middle of a reply that came in parts there is no place for an error.
bool TaggedClient::is_cut_off(const Outage& outage) const {
  if (expected_.empty() || expected_.front().always.empty() || !outage.excuses(expected_.front().sent_at)) return false;
  const std::string& wire = expected_.front().always[0];
  const std::string_view here = std::string_view(in_).substr(judged_);
  return wire.size() > kPassedOn && !here.empty() && wire.starts_with(here);
}

std::optional<std::string> TaggedClient::judge(const Outage& outage, CrowdCounters& counters) {
  while (judged_ < in_.size()) {
    if (expected_.empty()) return "a reply nobody asked for: " + in_.substr(judged_, 200);
    const Match result = match(expected_.front(), outage, counters);
    if (result == Match::kMore) return std::nullopt;
    if (result == Match::kNone) {
      const std::string wanted = expected_.front().always.empty() ? "HELLO's answer" : expected_.front().always[0];
      return "wrong reply: " + in_.substr(judged_, 200) + "\nwanted: " + wanted.substr(0, 200);
    }
    expected_.pop_front();
  }
  in_.clear();
  judged_ = 0;
  return std::nullopt;
}

TaggedClient::Match TaggedClient::match(const Expected& expected, const Outage& outage, CrowdCounters& counters) {
  if (expected.always.empty()) return match_hello();
  bool may_come = false;
  const auto try_all = [&](const auto& wires, std::uint64_t& counter) {
    for (const auto& wire : wires) {
      const Match result = match_one(wire);
      may_come = may_come || result == Match::kMore;
      if (result == Match::kWhole) {
        ++counter;
        return true;
      }
    }
    return false;
  };
  if (try_all(expected.always, counters.exact)) return Match::kWhole;
  if (expected.may_fail && outage.excuses(expected.sent_at)) {
    if (try_all(expected.after_outage, counters.after_outage)) return Match::kWhole;
    if (try_all(kFailures, counters.failed)) return Match::kWhole;
  }
  return may_come ? Match::kMore : Match::kNone;
}

TaggedClient::Match TaggedClient::match_one(std::string_view wire) {
  const std::string_view here = std::string_view(in_).substr(judged_);
  // Of what is still coming the beginning is enough: all of it is compared once it is here.
  if (here.size() < wire.size()) return wire.starts_with(here.substr(0, kLook)) ? Match::kMore : Match::kNone;
  if (!here.starts_with(wire)) return Match::kNone;
  judged_ += wire.size();
  return Match::kWhole;
}

// A map that ends with its field `modules`, an empty array.
TaggedClient::Match TaggedClient::match_hello() {
  const std::string_view here = std::string_view(in_).substr(judged_);
  if (here[0] != '%') return Match::kNone;
  constexpr std::string_view kEnd = "$7\r\nmodules\r\n*0\r\n";
  const std::size_t end = here.find(kEnd);
  if (end == std::string_view::npos) return here.size() < 1000 ? Match::kMore : Match::kNone;
  judged_ += end + kEnd.size();
  return Match::kWhole;
}

void TaggedClient::vanish() {
  if (by_tcp_) {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(std::exchange(socket_, -1));
  ended_ = true;
}

std::string TaggedClient::describe() const {
  return user_ + (by_tcp_ ? " over TCP" : " over a unix socket") + ", " + std::to_string(expected_.size()) + " replies outstanding";
}

}  // namespace respgate::test
