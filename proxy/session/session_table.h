// The sessions of one worker, found by the id that tickets carry.  A slot is reused,
// its generation is not, so a reply for a session that is gone finds nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "proxy/common/request.h"

namespace respgate::proxy {

class Session;

class SessionTable {
 public:
  // The id the next add() must use.
  SessionId next_id() const;
  void add(SessionId id, std::shared_ptr<Session> session);
  // Found by nobody from now on; given back so that the caller, who may be called by it, lets it live for a while.
  std::shared_ptr<Session> remove(SessionId id);
  // nullptr: gone.
  Session* find(SessionId id) const;
  std::size_t size() const { return size_; }

  // Sessions must not be added meanwhile; they may be removed.
  void for_each(const std::function<void(const Session&)>& f) const;
  // All that are there now; for calls that may remove any of them.
  std::vector<std::shared_ptr<Session>> snapshot() const;

 private:
  struct Slot {
    std::shared_ptr<Session> session;
    std::uint32_t generation = 1;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace respgate::proxy
