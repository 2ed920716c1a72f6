// A reply as a tree, for tests that compare what two sides said.  Trusts its input
// to be one whole reply; reading past its end is a failed test.
#pragma once

#include <charconv>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace respgate::proxy {

struct RespValue {
  char type = '_';
  std::string text;               // of a line or a bulk
  std::vector<RespValue> values;  // of an aggregate; a map's keys and values in turn
  bool operator==(const RespValue&) const = default;
};

// "*(+a $b)", for messages.
inline std::ostream& operator<<(std::ostream& out, const RespValue& value) {
  out << value.type << value.text;
  if (std::string_view("*~%>").find(value.type) == std::string_view::npos) return out;
  out << '(';
  for (const RespValue& each : value.values) out << each << ' ';
  return out << ')';
}

class RespReader {
 public:
  explicit RespReader(std::string_view wire) : rest_(wire) {}

  RespValue read() {
    const std::string_view line = take(rest_.find("\r\n"));
    take(2);
    RespValue value{line.at(0), std::string(line.substr(1)), {}};
    if (is_bulk(value)) read_bulk(value);
    if (is_aggregate(value)) read_elements(value);
    return value;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  static bool is_bulk(const RespValue& value) { return (value.type == '$' || value.type == '=') && value.text != "-1"; }
  static bool is_aggregate(const RespValue& value) { return std::string_view("*~%>").find(value.type) != std::string_view::npos; }

  static std::size_t number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) throw std::runtime_error("no length: " + std::string(text));
    return value;
  }

  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) throw std::runtime_error("reply is cut");
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  void read_bulk(RespValue& value) {
    value.text = take(number(value.text));
    take(2);
  }

  void read_elements(RespValue& value) {
    const std::size_t count = number(value.text) * (value.type == '%' ? 2 : 1);
    value.text.clear();
    value.values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) value.values.push_back(read());
  }

  std::string_view rest_;
};

// Throws when `wire` is not exactly one reply.
inline RespValue parse_reply(std::string_view wire) {
  RespReader reader(wire);
  RespValue value = reader.read();
  if (!reader.at_end()) throw std::runtime_error("more than one reply");
  return value;
}

// The elements' texts, of an array of bulks.
inline std::vector<std::string> texts_of(const RespValue& value) {
  std::vector<std::string> texts;
  texts.reserve(value.values.size());
  for (const RespValue& each : value.values) texts.push_back(each.text);
  return texts;
}

}  // namespace respgate::proxy
