#include "proxy/common/request.h"

#include <utility>

namespace respgate::proxy {

void feed(Request& request, std::string_view bytes, bool is_last) {
  request.wire.append(bytes);
  request.unfinished = !is_last;
}

RequestPtr RequestPool::take() {
  RequestPtr request;
  if (free_.empty()) {
    request.reset(new Request);
    request->pool = this;
  } else {
    request.reset(free_.back().release());
    free_.pop_back();
  }
  return request;
}

void RequestPool::give_back(std::unique_ptr<Request> request) {
  if (free_.size() >= kKeptRequests || request->wire.capacity() > kKeptBytes) return;
  request->wire.clear();
  request->sent = 0;
  request->accounted_bytes = 0;
  request->started_ns = 0;
  request->expectation = {};
  request->confirmation = {};
  request->confirmations = 0;
  request->patience_ms = 0;
  request->blocking = false;
  request->ends_state = false;
  request->errand = 0;
  request->unfinished = false;
  request->begun = false;
  request->reading = Request::Reading::kPlain;
  request->guard = Request::Guard::kNone;
  free_.push_back(std::move(request));
}

void RequestDeleter::operator()(Request* request) const { request->pool->give_back(std::unique_ptr<Request>(request)); }

}  // namespace respgate::proxy
