// Where a session's question about the clients of the whole proxy goes: to its worker,
// who asks all others.
#pragma once

#include <memory>

#include "proxy/common/request.h"
#include "proxy/gate/client_query.h"

namespace respgate::proxy {

class ClientInquiry {
 public:
  // Later, and on the same thread, Session::take_answer() of the session that the ticket names; if it is still there.
  virtual void ask(std::shared_ptr<const ClientQuery> query, Ticket ticket) = 0;

 protected:
  ~ClientInquiry() = default;
};

}  // namespace respgate::proxy
