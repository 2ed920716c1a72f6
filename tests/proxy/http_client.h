// A blocking HTTP client for tests: sends bytes as they are, reads what comes.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace respgate::proxy {

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(address);
  }
  explicit HttpClient(const std::string& path) : descriptor_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connect_to(address);
  }
  ~HttpClient() { close(descriptor_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Bytes that the server no longer takes are not an error here: what it says instead is to be read.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void finish_sending() { shutdown(descriptor_, SHUT_WR); }

  // Everything until the server closes.
  std::string read_all() {
    while (read_more()) {
    }
    return std::exchange(received_, {});
  }
  // The beginning of what comes, which read_all() and read_reply() give again.
  std::string read_some() {
    read_more();
    return received_;
  }
  // One reply, whose length its head tells; empty when the server closes instead.
  std::string read_reply() {
    while (true) {
      const std::size_t head = received_.find("\r\n\r\n");
      const std::size_t length = received_.find("Content-Length: ");
      if (head != std::string::npos && length < head) {
        const std::size_t size = head + 4 + std::stoul(received_.substr(length + 16));
        if (received_.size() >= size) {
          std::string reply = received_.substr(0, size);
          received_.erase(0, size);
          return reply;
        }
      }
      if (!read_more()) return {};
    }
  }

 private:
  template <typename Address>
  void connect_to(const Address& address) {
    if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
  }
  bool read_more() {
    char bytes[16384];
    const ssize_t n = recv(descriptor_, bytes, sizeof bytes, 0);
    if (n > 0) received_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  int descriptor_;
  std::string received_;
};

}  // namespace respgate::proxy
