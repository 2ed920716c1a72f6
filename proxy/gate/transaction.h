// What stands between one client's MULTI and its EXEC.
//
// The server holds the queue and runs it.  This remembers what is in it: to judge it
// again at EXEC when the policy has changed meanwhile, to know how long EXEC's reply
// must be, and to put in what the proxy answers itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proxy/gate/kept_command.h"

namespace respgate::proxy {

class Transaction {
 public:
  // Where an element of EXEC's reply comes from.
  enum class Source : std::uint8_t {
    kServer,
    kServerInfo,    // INFO: lines are taken out
    kServerSelect,  // SELECT: the session's database changes with it
    kProxy,         // the server was not asked
  };
  struct Element {
    KeptCommand command;
    Source source;
    bool rewritten;             // by a command rule: what it says is the operator's word
    std::size_t databases = 0;  // it may run in the first so many of databases(); queue() fills it in
  };
  static constexpr std::size_t kMostDatabases = 16;

  bool is_open() const { return open_; }
  void begin(std::int64_t database) {
    open_ = true;
    databases_ = {database};
  }
  // A command was refused while queueing: EXEC will be EXECABORT.
  void spoil() { spoiled_ = spoiled_ || open_; }
  bool is_spoiled() const { return spoiled_; }

  void queue(Element element);
  std::span<const Element> elements() const { return elements_; }
  // Where a command queued next may run: whether the server takes a SELECT that is queued is only known when it runs,
  // so it may be any of those selected, or the one before.  REQUIRES: is_open().
  std::span<const std::int64_t> databases() const { return databases_; }
  bool has_room_for(std::int64_t database) const;
  // Elements that the proxy makes when EXEC is answered.
  std::size_t answered_here() const { return elements_.size() - sent_; }
  // Elements that the server's reply to EXEC has.
  std::size_t sent() const { return sent_; }
  // Is the server's reply not what the client gets?
  bool is_edited() const { return edited_; }
  std::size_t bytes() const { return bytes_; }

  void clear() { *this = {}; }

 private:
  std::vector<Element> elements_;
  std::vector<std::int64_t> databases_;  // none twice
  std::size_t sent_ = 0;
  std::size_t bytes_ = 0;
  bool open_ = false;
  bool spoiled_ = false;
  bool edited_ = false;
};

}  // namespace respgate::proxy
