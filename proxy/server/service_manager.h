// Tells the service manager that started this process (systemd, Type=notify) how far it is: sd_notify(3), whose
// protocol is one datagram of lines to the unix socket that NOTIFY_SOCKET names.
//
//   READY=1                            listening, or listening on after a reload
//   RELOADING=1, MONOTONIC_USEC=…      a reload has begun; READY=1 ends it, whatever became of it
//   STOPPING=1                         draining
//   STATUS=…                           a line for `systemctl status`
//
// Without NOTIFY_SOCKET nothing is sent.  One thread; a manager that does not read holds it up for a second at most.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace respgate::proxy {

class ServiceManager {
 public:
  // `socket`: a path, or "@name" for an abstract one; empty: nobody waits to be told.
  explicit ServiceManager(std::string socket) : socket_(std::move(socket)) {}
  // That of NOTIFY_SOCKET.
  static ServiceManager of_environment();

  void ready(std::string_view status) const;
  void reloading() const;
  void stopping(std::string_view status) const;

 private:
  void send(const std::string& lines) const;

  std::string socket_;
};

}  // namespace respgate::proxy
