// From accept to the first byte of RESP: who may come in at all.  Judges addresses,
// reads PROXY headers, holds to the limits of connections, and hands over what is left.
// Lives on its worker's thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "proxy/common/ip_network.h"
#include "proxy/common/log_quota.h"
#include "proxy/metrics/metrics.h"
#include "proxy/reception/handshakes.h"
#include "proxy/reception/listener_share.h"
#include "proxy/snapshot/snapshot.h"
#include "tls/stream.h"

namespace respgate::proxy {

// Somebody who was let in.
struct Guest {
  ListenerShare* listener = nullptr;  // of the listener it came in at
  std::string peer;                   // "127.0.0.1:51234": of the client, not of a load balancer before it
  std::string local;                  // the listener's own address
  std::optional<Ip> counted;          // counted as a connection of this source
  std::optional<Ip> source;           // the address in `peer`; none: a unix socket
};

class Reception {
 public:
  using Welcome = std::function<void(tls::Stream stream, Guest guest)>;

  Reception(boost::asio::io_context& io, const SnapshotPtr& snapshot, Welcome welcome);

  void receive(ListenerShare& listener, tls::Socket socket);
  // A guest's connection has ended.
  void leave(const Guest& guest);
  // Lets nobody in any more, also of those on their way.
  void close() { closed_ = true; }

 private:
  // Of the snapshot in force; nullptr: that listener is gone.
  const ListenerConfig* rules_of(const Guest& guest) const;
  void judge(tls::Stream stream, Guest guest, std::optional<Ip> source, std::string_view endpoint);
  void admit(tls::Stream stream, Guest guest);
  void read_header(tls::Stream stream, Guest guest);
  void log_failed_handshake(const Guest& guest, const tls::Stream& stream, std::string_view why);
  static void say_full(tls::Stream& stream, const ListenerConfig& rules);
  void refuse(Guest& guest, RefusedConnection reason, std::string_view why);

  boost::asio::io_context& io_;
  const SnapshotPtr& snapshot_;  // in force
  Welcome welcome_;
  Handshakes handshakes_;
  LogQuota failed_handshakes_log_{10};
  bool closed_ = false;
};

}  // namespace respgate::proxy
