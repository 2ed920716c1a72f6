#include "protocol/out_of_band.h"

#include <charconv>

#include "protocol/text.h"

namespace respgate::protocol {

std::string_view kind_of(const ReplyFrame& frame) {
  std::string_view rest = frame.wire.substr(frame.payload);
  rest.remove_prefix(rest.find('\n') + 1);
  if (frame.length < 1 || !rest.starts_with('$')) return {};
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), size);
  if (error != std::errc()) return {};  // a null
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + kCrlf.size());
  return rest.substr(0, size);
}

bool is_message(std::string_view kind) { return kind == "message" || kind == "pmessage" || kind == "smessage"; }

std::optional<std::int64_t> subscriptions_left(const ReplyFrame& confirmation) {
  std::string_view text = confirmation.wire;
  if (confirmation.length != 3 || !text.ends_with(kCrlf)) return std::nullopt;
  text.remove_suffix(kCrlf.size());
  const std::size_t line = text.rfind('\n');
  if (line == text.npos || line + 1 >= text.size() || text[line + 1] != ':') return std::nullopt;
  return parse_strict_integer(text.substr(line + 2));
}

}  // namespace respgate::protocol
