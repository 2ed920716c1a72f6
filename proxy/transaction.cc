#include "proxy/transaction.h"

#include <utility>

namespace respgate::proxy {

void Transaction::queue(Element element) {
  if (element.source != Source::kProxy) ++sent_;
  if (element.source != Source::kServer) edited_ = true;
  bytes_ += element.command.bytes();
  elements_.push_back(std::move(element));
}

}  // namespace respgate::proxy
