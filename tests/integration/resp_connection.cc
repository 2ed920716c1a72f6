#include "tests/integration/resp_connection.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tests/integration/child_process.h"

namespace respgate::test {
namespace {

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) throw std::runtime_error("not a number: " + std::string(text));
  return value;
}

}  // namespace

void append_request(std::string& out, std::span<const std::string> words) {
  out += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
}

RespConnection::RespConnection(const std::string& unix_path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (unix_path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + unix_path);
  std::memcpy(address.sun_path, unix_path.c_str(), unix_path.size());
  const timeval patience{static_cast<time_t>(test_deadline()), 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    ::close(std::exchange(socket_, -1));
    throw std::system_error(error, std::generic_category(), unix_path);
  }
}

RespConnection::~RespConnection() {
  if (socket_ >= 0) ::close(socket_);
}

RespConnection::RespConnection(RespConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)), position_(other.position_) {}

void RespConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) throw std::system_error(errno, std::generic_category(), "send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RespConnection::receive() {
  buffer_.erase(0, std::exchange(position_, 0));
  std::array<char, 65536> chunk;
  const ssize_t received = ::recv(socket_, chunk.data(), chunk.size(), 0);
  if (received < 0) throw std::system_error(errno, std::generic_category(), "recv");
  if (received == 0) throw std::runtime_error("connection closed");
  buffer_.append(chunk.data(), static_cast<std::size_t>(received));
}

// The view lives until the next read.
std::string_view RespConnection::read_line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n", position_)) == std::string::npos) receive();
  const std::string_view line = std::string_view(buffer_).substr(position_, end - position_);
  position_ = end + 2;
  return line;
}

std::string RespConnection::read_exactly(std::size_t bytes) {
  while (buffer_.size() - position_ < bytes + 2) receive();
  std::string text = buffer_.substr(position_, bytes);
  if (buffer_.compare(position_ + bytes, 2, "\r\n") != 0) throw std::runtime_error("a bulk without its CRLF");
  position_ += bytes + 2;
  return text;
}

Reply RespConnection::read() {
  using protocol::RespType;
  const std::string line(read_line());
  if (line.empty()) throw std::runtime_error("an empty line");
  Reply reply;
  reply.type = static_cast<RespType>(line[0]);
  reply.text = line.substr(1);
  switch (reply.type) {
    case RespType::kInteger: reply.integer = number(reply.text); break;
    case RespType::kBulk:
    case RespType::kVerbatim:
    case RespType::kArray:
    case RespType::kSet:
    case RespType::kPush:
    case RespType::kMap: {
      const std::int64_t length = number(reply.text);
      reply.text.clear();
      if (length < 0) {
        reply.type = RespType::kNull;
      } else if (reply.type == RespType::kBulk || reply.type == RespType::kVerbatim) {
        reply.text = read_exactly(static_cast<std::size_t>(length));
      } else {
        const std::int64_t elements = reply.type == RespType::kMap ? 2 * length : length;
        for (std::int64_t i = 0; i < elements; ++i) reply.elements.push_back(read());
      }
      break;
    }
    default: break;
  }
  return reply;
}

Reply RespConnection::call(const std::vector<std::string>& words) {
  std::string wire;
  append_request(wire, words);
  send(wire);
  return read();
}

}  // namespace respgate::test
