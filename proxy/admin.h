// The admin HTTP port: what operators and their machines ask a running respgate.
// Lives on the control thread's io_context.  Knows HTTP and who may ask; what the
// answers are is the server's business, handed in as AdminBackend.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "proxy/config.h"
#include "proxy/readiness.h"

namespace respgate::proxy {

// Called on the control thread.  Those that must ask the workers call `done` later, once, on the control thread.
struct AdminBackend {
  std::function<Readiness()> readiness;
  std::function<std::string()> metrics;                                   // Prometheus text
  std::function<std::string()> config;                                    // JSON
  std::function<void(std::function<void(std::string)> done)> users;       // JSON
  std::function<void(std::function<void(std::string)> done)> clients;     // JSON
  std::function<std::string(std::size_t n)> events;                       // JSON array
  std::function<std::string()> reload;                                    // empty: done; else why not
  std::function<void()> drain;
  std::function<void(std::string user, std::uint64_t id, std::function<void(std::size_t)> done)> kill;  // closed sessions
  std::function<bool(std::string level)> log_level;
};

class AdminServer {
 public:
  // Binds and listens; throws std::system_error naming the address, or when the token file cannot be read.
  AdminServer(boost::asio::io_context& io, const AdminConfig& config, AdminBackend backend);
  ~AdminServer();
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace respgate::proxy
