#include "proxy/reception/reception.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/common/clock.h"
#include "proxy/common/log_text.h"
#include "proxy/reception/arrival.h"
#include "proxy/reception/listening_socket.h"

namespace respgate::proxy {
namespace {

constexpr std::string_view kTooManyClients = "-ERR max number of clients reached\r\n";

void set_client_options(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on unix sockets, which need none
  ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

// There may be another context than the handshake began with, and less that it trusts.
std::string verify_again(tls::Stream& secured, const tls::ServerContextPtr& now) { return now ? secured.verify_again(*now) : ""; }

// What OpenSSL says of bytes that are no record of TLS.
bool is_plain_text(std::string_view why) { return why == "wrong version number" || why == "http request"; }

}  // namespace

Reception::Reception(boost::asio::io_context& io, const SnapshotPtr& snapshot, Welcome welcome)
    : io_(io), snapshot_(snapshot), welcome_(std::move(welcome)), handshakes_(io) {}

const ListenerConfig* Reception::rules_of(const Guest& guest) const {
  return closed_ ? nullptr : find_listener(snapshot_->config, guest.listener->metrics.name);
}

void Reception::receive(ListenerShare& listener, tls::Socket socket) {
  const int descriptor = socket.native_handle();
  set_client_options(descriptor);
  const std::optional<Ip> peer = peer_ip(descriptor);
  Guest guest{&listener, peer_address_text(descriptor), local_address_text(descriptor), {}, peer};
  tls::Stream stream(std::move(socket));
  const ListenerConfig* const rules = rules_of(guest);
  if (rules == nullptr) return;
  if (listener.connections.fetch_add(1) >= rules->max_connections) {
    refuse(guest, RefusedConnection::kMaxConnections, "max_connections");
    return say_full(stream, *rules);
  }
  if (!rules->network.requires_header) return judge(std::move(stream), std::move(guest), peer, {});
  // Before a byte is read: whoever is no proxy has nothing to say here.
  if (!peer || !rules->network.trusted_proxies.contains(*peer, {}))
    return refuse(guest, RefusedConnection::kAddress, "not one of trusted_proxies");
  read_header(std::move(stream), std::move(guest));
}

void Reception::read_header(tls::Stream stream, Guest guest) {
  Arrival::begin(io_, std::move(stream), snapshot_->config.limits.unauthenticated_timeout,
                 [this, guest = std::move(guest)](tls::Stream arrived, const ProxyHeader* header, std::string_view why) mutable {
                   if (header == nullptr || rules_of(guest) == nullptr) return refuse(guest, RefusedConnection::kProxyProtocol, why);
                   if (header->is_local) return admit(std::move(arrived), std::move(guest));  // the proxy asks for itself
                   // Otherwise somebody is behind it.  Where it does not say who, that is the proxy's word for all it knows:
                   // the connection counts as what it is, one of the proxy's address.
                   if (header->names_source) {
                     guest.peer = to_string(header->source, header->source_port);
                     guest.source = header->source;
                   }
                   const std::optional<Ip> source = guest.source;
                   const std::string endpoint = header->endpoint;
                   judge(std::move(arrived), std::move(guest), source, endpoint);
                 });
}

// REQUIRES: rules_of(guest).
void Reception::judge(tls::Stream stream, Guest guest, std::optional<Ip> source, std::string_view endpoint) {
  const ListenerConfig& rules = *rules_of(guest);
  const NetworkRules& network = rules.network;
  if (source && !network.admits(*source, endpoint)) return refuse(guest, RefusedConnection::kAddress, "not allowed from there");
  if (source) {
    // Counted without a limit, too: a reload may bring one.
    if (!guest.listener->sources.add(*source, network.max_per_source > 0 ? network.max_per_source : SourceCounts::kNoLimit)) {
      refuse(guest, RefusedConnection::kMaxConnections, "max_connections_per_source");
      return say_full(stream, rules);
    }
    guest.counted = source;
  }
  admit(std::move(stream), std::move(guest));
}

// REQUIRES: rules_of(guest).  Whoever may come in shakes hands first, where that is asked.
void Reception::admit(tls::Stream stream, Guest guest) {
  const ListenerConfig& rules = *rules_of(guest);
  const tls::ServerContextPtr& context = tls_context_of(*snapshot_, rules);
  if (!context) return welcome_(std::move(stream), std::move(guest));
  const std::size_t at_once = std::max<std::size_t>(1, rules.tls->max_handshakes / snapshot_->config.workers);
  // Made before the guest is moved from: arguments are evaluated in any order.
  Handshakes::Terms terms{guest.listener->metrics.index, guest.peer.substr(0, guest.peer.rfind(':')), context, rules.tls->handshake_timeout,
                          at_once};
  handshakes_.begin(std::move(stream), std::move(terms), [this, guest = std::move(guest)](tls::Stream secured, std::string why) mutable {
    const ListenerConfig* const now = rules_of(guest);
    if (why.empty() && now != nullptr) why = verify_again(secured, tls_context_of(*snapshot_, *now));
    if (why.empty() && now != nullptr) return welcome_(std::move(secured), std::move(guest));
    if (!why.empty()) log_failed_handshake(guest, secured, why);
    refuse(guest, RefusedConnection::kTlsHandshake, why);
  });
}

// What somebody else sent is in it as a name at most, escaped; reasons are OpenSSL's words.
void Reception::log_failed_handshake(const Guest& guest, const tls::Stream& stream, std::string_view why) {
  if (!failed_handshakes_log_.admits(steady_ms())) return;
  const std::string_view name = stream.channel() != nullptr ? stream.channel()->server_name() : std::string_view();
  spdlog::info("TLS handshake failed listener={} peer={} server_name=\"{}\" reason=\"{}{}\" left_out={}", guest.listener->metrics.name,
               guest.peer, log_text(name), why, is_plain_text(why) ? ": the client speaks no TLS" : "",
               failed_handshakes_log_.take_left_out());
}

// Only where nobody waits for a handshake: to a client that speaks TLS plain text is damage.
void Reception::say_full(tls::Stream& stream, const ListenerConfig& rules) {
  if (rules.tls) return;
  const ::iovec bytes{const_cast<char*>(kTooManyClients.data()), kTooManyClients.size()};  // write() does not write through it
  (void)stream.write({&bytes, 1});
}

void Reception::refuse(Guest& guest, RefusedConnection reason, std::string_view why) {
  guest.listener->metrics.count_refused(reason);
  spdlog::debug("client refused listener={} peer={} reason=\"{}\"", guest.listener->metrics.name, guest.peer, why);
  leave(guest);
}

void Reception::leave(const Guest& guest) {
  guest.listener->connections.fetch_sub(1);
  if (guest.counted) guest.listener->sources.remove(*guest.counted);
}

}  // namespace respgate::proxy
