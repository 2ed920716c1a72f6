#include "protocol/reply_elements.h"

#include "protocol/reply_scanner.h"

namespace respgate::protocol {

std::optional<std::vector<std::string_view>> array_elements(std::string_view wire, RespVersion version) {
  if (!wire.starts_with('*') || wire.starts_with("*-")) return std::nullopt;
  std::string_view rest = wire.substr(wire.find('\n') + 1);
  std::vector<std::string_view> elements;
  ReplyScanner scanner(version);
  while (!rest.empty()) {
    if (scanner.scan(rest) != ReplyScanner::Status::kComplete) return std::nullopt;
    const std::string_view element = scanner.frame().wire;
    elements.push_back(element);
    rest.remove_prefix(element.size());
    scanner.restart();
  }
  return elements;
}

}  // namespace respgate::protocol
