// The admin HTTP port: what operators and their machines ask a running respgate.
// Lives on the control thread's io_context.  Knows HTTP and who may ask; what the
// answers are is the server's business, handed in as AdminBackend.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "proxy/admin/readiness.h"
#include "proxy/config/admin_access.h"
#include "proxy/config/config.h"
#include "proxy/metrics/metrics.h"
#include "proxy/reception/listening_socket.h"

namespace respgate::proxy {

// Something that changed, or was refused to somebody; for the audit.  `request` is what the client sent.
struct AdminAct {
  std::string peer;     // "127.0.0.1:40000", "unix:"
  std::string request;  // "POST /kill?user=app"
  std::string outcome;  // "ok", "failed", "refused"
};

// Called on the control thread, never after stop().  Those that must ask the workers call
// `done` later, once, on the control thread.
struct AdminBackend {
  std::function<Readiness()> readiness;
  std::function<std::string()> metrics;                                       // Prometheus text
  std::function<std::string()> config;                                        // JSON
  std::function<std::string()> summary;                                       // JSON
  std::function<std::string()> posture;                                       // JSON
  std::function<void(std::function<void(std::string)> done)> users;           // JSON
  std::function<void(std::function<void(std::string)> done)> clients;         // JSON
  std::function<std::string()> certificates;                                  // JSON
  std::function<std::string(std::size_t n)> events;                           // JSON lines
  std::function<std::string()> audit_state;                                   // JSON
  std::function<void(std::function<void(std::string why_not)> done)> reload;  // empty: done, in every worker
  std::function<void()> drain;
  std::function<void(std::string user, std::uint64_t id, std::function<void(std::size_t)> done)> kill;  // closed sessions
  std::function<bool(std::string level)> log_level;                                                     // false: no such level
  std::function<void(const AdminAct& act)> audit;                                                       // may be empty
  std::function<void(RefusedRequest why)> refused;                                                      // may be empty
  // How many were locked out; nothing when the source is none.
  std::function<std::optional<std::size_t>(std::optional<std::string_view> user, std::optional<std::string_view> source)> unlock;
};

struct AdminLimits {
  std::chrono::milliseconds client_timeout{10'000};   // for a request to arrive, and for its reply to leave
  std::chrono::milliseconds backend_timeout{10'000};  // for the workers to answer
  std::size_t connections = 64;                       // for each of the two addresses; more are closed at once
  std::size_t request_bytes = 64 * 1024;              // of its head, and of its body
};

// Sockets that listen at the addresses of the configuration already: those of the process before this one.
struct AdminSockets {
  std::optional<ListeningSocket> everything;
  std::optional<ListeningSocket> health;
};

class AdminServer {
 public:
  // Binds and listens, but for `given`; throws std::system_error naming the address, or when the token file
  // cannot be used, or when there is none and the address is not a loopback one.
  AdminServer(boost::asio::io_context& io, const AdminConfig& config, AdminBackend backend, const AdminLimits& limits = {},
              AdminSockets given = {});
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // What a reload brought: names that are accepted as Host, and the token, from the next request on.
  // REQUIRES: a token, if needs_token().
  void adopt(const std::vector<std::string>& hosts, const std::optional<AdminToken>& token);
  // Other machines can connect.
  bool needs_token() const;

  // Copies of the sockets there are.  Throws std::system_error.
  AdminSockets copy_sockets() const;

  // Closes every socket; the backend is not called again.
  void stop();

  // The TCP ports listened on: those of the configuration, or what the system chose for port 0.  0: none.
  std::uint16_t port() const;
  std::uint16_t health_port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace respgate::proxy
