// A blocking client on a unix socket that reads replies into trees.  For tests
// whose peer is a real server: what is malformed throws.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/resp.h"

namespace respgate::test {

struct Reply {
  protocol::RespType type = protocol::RespType::kNull;
  std::string text;             // lines and bulks
  std::int64_t integer = 0;     // kInteger
  std::vector<Reply> elements;  // aggregates; a map's keys and values in turn
  bool is_error() const { return type == protocol::RespType::kError; }
};

// Appends one request in its canonical form.
void append_request(std::string& out, std::span<const std::string> words);

class RespConnection {
 public:
  explicit RespConnection(const std::string& unix_path);  // throws std::system_error
  ~RespConnection();
  RespConnection(RespConnection&& other) noexcept;
  RespConnection& operator=(RespConnection&&) = delete;

  void send(std::string_view bytes);
  // Throws std::runtime_error when the peer closes, takes longer than the test deadline, or is not to be understood.
  Reply read();
  Reply call(const std::vector<std::string>& words);

 private:
  std::string_view read_line();
  std::string read_exactly(std::size_t bytes);
  void receive();

  int socket_ = -1;
  std::string buffer_;
  std::size_t position_ = 0;
};

}  // namespace respgate::test
