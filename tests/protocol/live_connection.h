// One connection to a LiveServer: requests go out as they are, replies come back as
// whole frames, in the protocol version asked for.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "live_server.h"
#include "protocol/command_parser.h"
#include "protocol/reply_scanner.h"

namespace respgate::protocol {

class LiveConnection {
 public:
  explicit LiveConnection(const LiveServer& server, RespVersion version = RespVersion::kResp2) : fd_(server.connect()), scanner_(version) {
    if (version == RespVersion::kResp3) ask({"HELLO", "3"});
  }
  ~LiveConnection() { ::close(fd_); }
  LiveConnection(const LiveConnection&) = delete;
  LiveConnection& operator=(const LiveConnection&) = delete;

  // Queues a request; its reply is read by next_reply().
  void queue(Args args) { append_command(out_, args); }
  void flush() {
    for (std::size_t sent = 0; sent < out_.size();) {
      const ssize_t n = ::send(fd_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("the server is gone");
      sent += static_cast<std::size_t>(n);
    }
    out_.clear();
  }
  // Valid until the next call.
  const ReplyFrame& next_reply() {
    in_.erase(0, used_);
    scanner_.restart();
    while (scanner_.scan(in_) == ReplyScanner::Status::kNeedMore) read_more();
    if (scanner_.scan(in_) == ReplyScanner::Status::kError) throw std::runtime_error(std::string(scanner_.error()));
    used_ = scanner_.frame().wire.size();
    return scanner_.frame();
  }
  const ReplyFrame& ask(const std::vector<std::string_view>& args) {
    queue(args);
    flush();
    return next_reply();
  }

 private:
  void read_more() {
    char bytes[64 * 1024];
    const ssize_t n = ::recv(fd_, bytes, sizeof(bytes), 0);
    if (n <= 0) throw std::runtime_error("the server hung up");
    in_.append(bytes, static_cast<std::size_t>(n));
  }

  int fd_;
  ReplyScanner scanner_;
  std::string in_;
  std::string out_;
  std::size_t used_ = 0;
};

}  // namespace respgate::protocol
