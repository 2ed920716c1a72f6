#include "proxy/lane/upstream_hello.h"

#include <array>
#include <charconv>
#include <vector>

#include "protocol/command_parser.h"
#include "protocol/text.h"

namespace respgate::proxy {

const protocol::ReplyFrame kLaneOpened{protocol::RespType::kSimple, 2, "+OK\r\n", 0};

std::string hello_request(protocol::RespVersion resp, std::string_view user, std::string_view password, bool with_auth) {
  std::vector<std::string_view> words{"HELLO", resp == protocol::RespVersion::kResp3 ? "3" : "2"};
  if (with_auth) words.insert(words.end(), {"AUTH", user.empty() ? "default" : user, password});
  std::string wire;
  protocol::append_command(wire, words);
  return wire;
}

std::string auth_request(std::string_view user, std::string_view password) {
  const std::array<std::string_view, 3> words{"AUTH", user.empty() ? "default" : user, password};
  std::string wire;
  protocol::append_command(wire, words);
  return wire;
}

std::string select_request(std::int64_t database) {
  const std::string number = std::to_string(database);
  const std::array<std::string_view, 2> words{"SELECT", number};
  std::string wire;
  protocol::append_command(wire, words);
  return wire;
}

protocol::ReplyExpectation hello_reply(protocol::RespVersion resp) {
  const auto type = resp == protocol::RespVersion::kResp2 ? protocol::RespType::kArray : protocol::RespType::kMap;
  return {protocol::reply_bit(type), protocol::ReplyExpectation::kAnyLength};
}

protocol::ReplyExpectation select_reply() {
  return {protocol::reply_bit(protocol::RespType::kSimple), protocol::ReplyExpectation::kAnyLength};
}

protocol::ReplyExpectation auth_reply() { return select_reply(); }

std::string greeting_error_text(std::string_view error, std::string_view password) {
  const std::string_view shown = error.substr(0, error.find(", with args"));
  const bool repeats_it = !password.empty() && shown.find(password) != shown.npos;
  return std::string(repeats_it ? error.substr(0, error.find(' ')) : shown);
}

// …$7\r\nversion\r\n$6\r\n7.0.15\r\n…, in both protocol versions.
std::string server_version_of(const protocol::ReplyFrame& hello_reply) {
  constexpr std::string_view kField = "$7\r\nversion\r\n$";
  constexpr std::size_t kLongest = 32;
  const std::size_t at = hello_reply.wire.find(kField);
  if (at == hello_reply.wire.npos) return {};
  std::string_view rest = hello_reply.wire.substr(at + kField.size());
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (error != std::errc() || size > kLongest || rest.size() < size + 2) return {};
  std::string version;
  for (const char c : rest.substr(2, size)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
    if (plain) version.push_back(c);
  }
  return version;
}

// …$2\r\nid\r\n:7\r\n…, in both protocol versions.
std::int64_t server_side_id_of(const protocol::ReplyFrame& hello_reply) {
  constexpr std::string_view kField = "$2\r\nid\r\n:";
  const std::size_t at = hello_reply.wire.find(kField);
  if (at == hello_reply.wire.npos) return 0;
  const std::string_view rest = hello_reply.wire.substr(at + kField.size());
  return protocol::parse_strict_integer(rest.substr(0, rest.find('\r'))).value_or(0);
}

}  // namespace respgate::proxy
